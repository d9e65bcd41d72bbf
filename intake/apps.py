from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        """Say what intake writes, and what keeps a patient's answers where a request cannot be answered."""
        from intake import messages_review, recipients, texting
        from intake.messages import register_messages
        from intake.views import failsafe, requests
        from pacificmind.ui.errors import register_rescue

        recipients.register()
        texting.register()
        register_messages()
        messages_review.register_messages()
        register_rescue(failsafe.rescue)
        register_rescue(requests.rescue)
