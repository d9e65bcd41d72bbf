"""Addresses of the demo clinic alone: the mail page."""

from django.urls import path

from pacificmind.demo import views

urlpatterns = [
    path("mail/", views.mail_list, name="mail-list"),
    path("texts/", views.text_list, name="text-list"),
    path("mail/<slug:key>/", views.mail_show, name="mail-show"),
    path("mail/<slug:key>/raw", views.mail_raw, name="mail-raw"),
    path("mail/<slug:key>/<int:index>", views.mail_attachment, name="mail-attachment"),
]
