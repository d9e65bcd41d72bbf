"""Two facts told at the same moment: both are in the run that is current afterwards."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError

from intake.domain.facts import Facts
from intake.models import Intake, Patient, Screening
from intake.queries import known_facts
from intake.services.screening import learn
from tests import cast
from tests.intake.review.people import answered
from tests.race.arena import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def two_told() -> tuple[Intake, list[Callable[[], Any]]]:
    who: Patient = cast.patient()
    intake = answered(who, {"heart.aneurysm": "no"})
    tell = partial(learn, patient=who, cause=Screening.Cause.RESULTS, by=None)
    return intake, [partial(tell, facts={"pregnant": "yes"}), partial(tell, facts={"glaucoma": "yes"})]


@pytest.mark.parametrize("round", range(3))
def test_both_are_in_the_current_run(round: int) -> None:
    intake, clients = two_told()
    outcomes = at_once(clients)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert {"D45", "D42"} <= set(intake.findings.values_list("rule", flat=True))
    assert intake.screenings.filter(current=True).count() == 1


def test_without_the_lock_one_of_them_is_refused_by_the_database() -> None:
    """The control: both read before either writes; then the law of one current run is all that is left."""
    intake, clients = two_told()
    meeting = threading.Barrier(2)

    def read_then_wait(*args: Any, **kwargs: Any) -> Facts:
        facts = known_facts.facts_now(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=20)
        return facts

    with (
        mock.patch("intake.services.screening._lock"),
        mock.patch("intake.services.screening.facts_now", read_then_wait),
    ):
        outcomes = at_once(clients)
    assert [type(one) for one in outcomes if isinstance(one, Exception)] == [IntegrityError]
    assert intake.screenings.filter(current=True).count() == 1
