"""Somebody texts the clinic, and what they read in answer."""

from django.test import Client
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.messaging import delivery
from tests.messaging.provider import Provider, signed

PHONE = "+12135550177"
DARK = "I want to kill myself"


def text(words: str, *, sid: str = "SM1", phone: str = PHONE) -> int:
    """Somebody texts us."""
    return signed(reverse("sms-inbound"), {"MessageSid": sid, "From": phone, "Body": words})


def answers(told: Provider) -> list[str]:
    """What they read after the next tick."""
    before = len(told.texts)
    delivery.run()
    return [one["Body"] for one in told.texts[before:]]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def texts_page(user: User) -> str:
    return signed_in(user).get(reverse("desk-texts")).content.decode()
