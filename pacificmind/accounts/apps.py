from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pacificmind.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the checks, and the mail that invites staff; a session has its length from the log-in on."""
        from django.contrib.auth.signals import user_logged_in

        from pacificmind import checks  # noqa: F401
        from pacificmind.accounts.messages import register_messages
        from pacificmind.accounts.middleware import logged_in

        register_messages()
        user_logged_in.connect(logged_in, dispatch_uid="session-length")
