from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "pacificmind.messaging"
    label = "messaging"

    def ready(self) -> None:
        """Staff are found among the users; other apps register their own recipients."""
        from pacificmind.messaging import inbound, inbox
        from pacificmind.messaging.recipients import staff_address, staff_addresses, staff_names
        from pacificmind.messaging.registry import register_recipient

        register_recipient("user", staff_address, names=staff_names, many=staff_addresses)
        inbox.register_messages()
        inbound.register_messages()
