from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "pacificmind.audit"
    label = "audit"

    def ready(self) -> None:
        """Record sign-ins."""
        from pacificmind.audit import signals

        signals.connect()
