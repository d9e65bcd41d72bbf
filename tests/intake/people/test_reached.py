"""How patients are reached, read for many at once: the same as each one's record says, whatever stands in it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.models import ContactConsent, Patient
from intake.recipients import patient_address, patient_addresses
from tests import cast

pytestmark = pytest.mark.django_db


def _patients() -> list[Patient]:
    here, there = cast.site(), cast.other_site()
    made: list[dict[str, Any]] = [
        {"site": here, "phone": "+12135550100", "account": True},
        {"site": there, "phone": "", "preferred_name": "Pepe", "language": "es"},
        {"site": here, "phone": "+441632960001", "email": "x@example.com"},
    ]
    return [cast.patient(one.pop("site"), **one) for one in made]


def test_an_address_says_what_the_record_says() -> None:
    patients = [Patient.objects.get(pk=one.pk) for one in _patients()]
    Patient.objects.filter(pk=patients[1].pk).update(phone="12")  # no number: it was brought in from elsewhere
    patients[1].refresh_from_db()
    ContactConsent.objects.create(patient=patients[0], channel="sms", given=True, wording="x", source="x")
    ContactConsent.objects.create(patient=patients[2], channel="email", given=False, wording="x", source="x")
    found = patient_addresses([one.pk for one in patients])
    for one in patients:
        told = found[one.pk]
        assert (told.phone, told.email, told.name) == (str(one.phone or ""), one.mail_address, one.called)
        assert (told.language, told.zone) == (one.language, one.site.zone)
        assert told == patient_address(one.pk)
    assert [found[one.pk].may_email for one in patients] == [True, True, False]
    assert [found[one.pk].may_sms for one in patients] == [True, False, False]


def test_many_cost_no_more_queries_than_one() -> None:
    patients = _patients()
    patient_addresses([patients[0].pk])  # plans its statements
    for asked in (patients[:1], patients):
        with CaptureQueriesContext(connection) as seen:
            assert len(patient_addresses([one.pk for one in asked])) == len(asked)
        assert len(seen) == 2
