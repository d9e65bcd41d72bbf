"""Addresses of the rota."""

from django.urls import URLPattern, path

from intake.views import oncall

urlpatterns: list[URLPattern] = [
    path("manage/on-call/", oncall.rota, name="manage-on-call"),
    path("manage/on-call/number/", oncall.number, name="manage-page-number"),
    path("manage/on-call/<uuid:duty>/end/", oncall.end, name="manage-on-call-end"),
]
