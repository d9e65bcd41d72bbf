from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "pacificmind.idempotency"
    label = "idempotency"
