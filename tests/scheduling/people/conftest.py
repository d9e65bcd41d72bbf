"""A receptionist and their browser, and a request of somebody whom nobody knows yet."""

from typing import Any

import pytest
from django.test import Client

from intake.models import ConsultationRequest
from pacificmind.accounts.models import User
from tests import cast


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="pacificmind.accounts.backends.Backend")
    return client


@pytest.fixture
def desk() -> User:
    return cast.receptionist()


@pytest.fixture
def client(desk: User) -> Client:
    return signed_in(desk)


def wish(**extra: Any) -> ConsultationRequest:
    values = {"site": cast.site(), "given_name": "Rosa", "family_name": "Núñez", "phone": "+12135557777"}
    return ConsultationRequest.objects.create(**{**values, **extra})
