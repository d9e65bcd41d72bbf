from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        """Make the messages about visits known."""
        from scheduling import confirming, messages

        messages.register()
        confirming.register()
