"""The bulk answer is the single one, whatever the patient's standing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.models import Clearance, Condition, Consent, Patient, SafetyAlert
from intake.queries import standing, standing_bulk
from pacificmind.clock import now
from scheduling.models import Appointment
from tests import cast, history
from tests.scheduling.desk.conftest import Desk


def _moved(who: Patient) -> None:
    with history.rewriting(Clearance.sites.through):
        who.clearance_set.get().sites.set([cast.other_site()])


CHANGES: dict[str, Callable[[Any, Desk], Any]] = {
    "nothing": lambda who, desk: None,
    "condition open": lambda who, desk: Condition.objects.create(clearance=who.clearance_set.get(), kind="ecg"),
    "lapsed": lambda who, desk: history.rewrite(who.clearance_set, until_on=now().date() - timedelta(days=1)),
    "not yet": lambda who, desk: history.rewrite(who.clearance_set, from_on=now().date() + timedelta(days=1)),
    "other kind": lambda who, desk: history.rewrite(who.clearance_set, visit_kinds=["booster"]),
    "other site": lambda who, desk: _moved(who),
    "withdrawn": lambda who, desk: who.clearance_set.update(
        withdrawn_at=now(), withdrawn_by=desk.doctor.user, withdrawn_why="for a test"
    ),
    "newer decision": lambda who, desk: history.rewrite(
        Clearance.objects.filter(pk=cast.clearance(who, desk.doctor, decision="more_information").pk),
        signed_at=now() + timedelta(minutes=1),
    ),
    "alert": lambda who, desk: SafetyAlert.objects.create(
        patient=who, site=desk.site, tier="URGENT-2", trigger="staff", acknowledge_by=now()
    ),
    "lesser alert": lambda who, desk: SafetyAlert.objects.create(
        patient=who, site=desk.site, tier="URGENT-1", trigger="staff", acknowledge_by=now()
    ),
    "consent withdrawn": lambda who, desk: Consent.objects.filter(patient=who).update(withdrawn_at=now()),
    "no decision": lambda who, desk: history.rewrite(who.clearance_set, decision="more_information"),
}
READY = {"nothing", "lesser alert", "consent withdrawn"}


@pytest.mark.parametrize("change", CHANGES)
def test_the_bulk_answer_is_the_single_one(desk: Desk, change: str) -> None:
    who, _ = desk.series(0)
    CHANGES[change](who, desk)
    visit = Appointment.objects.get(patient=who)
    found = standing_bulk.readiness_of([visit])[visit.pk]
    assert found == standing.readiness(who.pk, on=visit.day, site_id="la", kind="infusion")
    assert found.clinician_says_ready == (change in READY)


def test_one_query_for_any_number(desk: Desk) -> None:
    desk.series(0, 2, 4)
    desk.series(0, 2, 4, hour=14)
    with CaptureQueriesContext(connection) as seen:
        assert len(standing_bulk.readiness_of(list(Appointment.objects.all()))) == 6
    assert len(seen) == 2  # the visits themselves, and their standing
    assert standing_bulk.readiness_of([]) == {}
