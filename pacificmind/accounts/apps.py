from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pacificmind.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the checks, and the mail that invites staff."""
        from pacificmind import checks  # noqa: F401
        from pacificmind.accounts.messages import register_messages

        register_messages()
