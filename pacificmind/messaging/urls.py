"""Addresses of the ledger."""

from django.urls import path

from pacificmind.messaging import stop, views, webhooks, word_views

urlpatterns = [
    path("desk/messages/", views.desk_ledger, name="desk-ledger"),
    path("desk/messages/<uuid:message_id>/again/", views.retry, name="ledger-retry"),
    path("desk/messages/<uuid:message_id>/called/", views.called, name="ledger-called"),
    path("desk/messages/<uuid:message_id>/void/", views.void, name="ledger-void"),
    path("sms/status/<uuid:message_id>/", webhooks.sms_status, name="sms-status"),
    path("sms/inbound/", webhooks.sms_inbound, name="sms-inbound"),
    path("mail/stop/<str:token>/", stop.mail_stop, name="mail-stop"),
    path("manage/messages/", views.manage_messages, name="manage-messages"),
    path("manage/words/", word_views.words, name="manage-words"),
    path("manage/words/<slug:key>/<slug:language>/", word_views.words_of, name="manage-words-of"),
    path("manage/words/<slug:key>/<slug:language>/return/", word_views.words_return, name="manage-words-return"),
    path("desk/texts/", views.desk_texts, name="desk-texts"),
    path("desk/texts/<uuid:text_id>/called/", views.text_called, name="text-called"),
    path("me/messages/", views.patient_messages, name="patient-messages"),
    path("me/messages/<uuid:letter_id>/", views.patient_letter, name="patient-letter"),
]
