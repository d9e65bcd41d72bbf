from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        """Make the messages about visits known, and what keeps answers where a request cannot be answered."""
        from pacificmind.ui.errors import register_rescue
        from scheduling import confirming, messages, messages_asking
        from scheduling.views.inquiry import flow

        messages.register()
        messages_asking.register()
        confirming.register()
        register_rescue(flow.rescue)
