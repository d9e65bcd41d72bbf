"""The bulk answer is the single one, whatever the patient's standing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.models import Clearance, Condition, Consent, Inquiry, Patient, SafetyAlert
from intake.queries import inquiries, standing, standing_bulk
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


ANSWERED: dict[str, tuple[list[tuple[list[str], bool, bool]], bool]] = {
    # answered before the visit, oldest first: (red, whether it was begun, whether somebody looked); and the rule
    "nothing asked": ([], False),
    "nothing to see": ([([], True, False)], False),
    "no escort": ([(["escort"], True, False)], False),
    "to look at": ([(["escort", "ill"], True, False)], True),
    "looked at": ([(["ill"], True, True)], False),
    "asked again, not answered": ([(["ill"], True, False), ([], False, False)], True),
    "answered again, well": ([(["ill"], True, False), ([], True, False)], False),
    "answered again, ill": ([(["ill"], True, True), (["ill"], True, False)], True),
}


@pytest.mark.parametrize("case", ANSWERED)
def test_the_door_and_the_lists_wait_for_the_same_look(desk: Desk, case: str) -> None:
    who, _ = desk.series(0)
    visit, (rows, waits) = Appointment.objects.get(patient=who), ANSWERED[case]
    Inquiry.objects.filter(visit_id=visit.pk).delete()
    for number, (red, begun, looked) in enumerate(rows, start=1):
        then = now() + timedelta(minutes=number)
        Inquiry.objects.create(
            kind="before_visit", patient=who, site=desk.site, visit_id=visit.pk, visit_version=number, red=red,
            opens_at=then, expires_at=then + timedelta(days=1), token_hash=f"{number}",
            begun_at=then if begun else None, looked_at=then if looked else None,
            looked_by=desk.doctor.user if looked else None,
        )  # fmt: skip
    found = standing_bulk.readiness_of([visit])[visit.pk]
    assert found.looks is waits
    assert (inquiries.waits_for_a_look([visit.pk]) == {visit.pk}) is waits


def test_one_query_for_any_number(desk: Desk) -> None:
    desk.series(0, 2, 4)
    desk.series(0, 2, 4, hour=14)
    with CaptureQueriesContext(connection) as seen:
        assert len(standing_bulk.readiness_of(list(Appointment.objects.all()))) == 6
    assert len(seen) == 2  # the visits themselves, and their standing
    assert standing_bulk.readiness_of([]) == {}
