"""Addresses of the clinic's screening rules."""

from django.urls import path

from intake.views import rules

urlpatterns = [
    path("rules/", rules.rules, name="clinic-rules"),
    path("rules/propose/", rules.propose, name="clinic-rules-propose"),
    path("rules/<int:number>/sign/", rules.sign, name="clinic-rules-sign"),
    path("rules/<int:number>/drop/", rules.drop, name="clinic-rules-drop"),
]
