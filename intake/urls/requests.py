"""Public pages: the request for a consultation, the claim of a record."""

from django.urls import path

from intake.views import requests

urlpatterns = [
    path("ask/", requests.request_consultation, name="request-consultation"),
    path("ask/received/", requests.received, name="request-received"),
    path("claim/", requests.claim_again, name="claim-again"),
    path("claim/<str:token>/", requests.claim, name="claim"),
]
