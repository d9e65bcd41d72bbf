"""Where a log-in leads, and the sign-up that remembers an address given a moment ago."""

from django.urls import path

from pacificmind.accounts import views

urlpatterns = [
    path("start/", views.start, name="start"),
    path("accounts/signup/", views.sign_up, name="sign-up"),
]
