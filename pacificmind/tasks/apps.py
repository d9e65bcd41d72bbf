from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "pacificmind.tasks"
    label = "tasks"

    def ready(self) -> None:
        """Make the morning summary known."""
        from pacificmind.tasks import summary

        summary.register_messages()
