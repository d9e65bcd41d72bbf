"""Addresses of the ledger."""

from django.urls import path

from pacificmind.messaging import views

urlpatterns = [
    path("desk/messages/", views.desk_ledger, name="desk-ledger"),
    path("desk/messages/<uuid:message_id>/again/", views.retry, name="ledger-retry"),
    path("desk/messages/<uuid:message_id>/called/", views.called, name="ledger-called"),
    path("desk/messages/<uuid:message_id>/void/", views.void, name="ledger-void"),
    path("me/messages/", views.patient_messages, name="patient-messages"),
    path("me/messages/<uuid:letter_id>/", views.patient_letter, name="patient-letter"),
]
