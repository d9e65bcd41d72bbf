from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "pacificmind.clinic"
    label = "clinic"
