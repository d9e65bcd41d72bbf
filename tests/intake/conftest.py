"""A patient with an account, and their browser."""

import pytest
from django.test import Client

from intake.models import Patient
from tests import cast
from tests.intake.tabs import signed_in


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


@pytest.fixture
def web(ana: Patient) -> Client:
    return signed_in(ana)
