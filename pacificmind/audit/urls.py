"""Addresses of the record of who looked."""

from django.urls import path

from pacificmind.audit import views

urlpatterns = [
    path("me/who-looked/", views.who_looked, name="patient-who-looked"),
    path("staff/my-actions/", views.own_actions, name="audit-own"),
    path("manage/audit/", views.log, name="audit-log"),
]
