from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "pacificmind.tasks"
    label = "tasks"
