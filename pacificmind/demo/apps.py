from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "pacificmind.demo"
    label = "demo"
