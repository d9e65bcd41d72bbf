"""Addresses of the task list."""

from django.urls import path

from pacificmind.tasks import views

urlpatterns = [
    path("tasks/", views.task_list, name="desk-tasks"),
    path("tasks/summary/", views.choose_summary, name="task-summary"),
    path("tasks/<uuid:task_id>/take/", views.take, name="task-take"),
    path("tasks/<uuid:task_id>/done/", views.finish, name="task-done"),
]
