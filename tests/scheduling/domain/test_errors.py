"""Words of refusal: every one says something to both, and P6 and P7 cannot be told apart."""

from __future__ import annotations

import re

import pytest

from scheduling.domain import errors
from scheduling.domain.errors import CONSTRAINTS, BookingRefused, NotCleared, ProtocolViolation, SafetyHold, refusal_of
from scheduling.domain.protocol import Violation

ALL = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BookingRefused)]
#: UX.md, "Tone", and the words that reveal what the clinic treats.
NEVER_SAID = re.compile(r"fail|eligib|denied|complian|suicid|ketamine|infusion|safety|clearance|!", re.IGNORECASE)


@pytest.mark.parametrize("refusal", ALL)
def test_each_refusal_speaks_to_both(refusal: type[BookingRefused]) -> None:
    error = refusal()
    assert error.say.endswith(".")
    assert str(error) == error.say
    assert error.say_patient.endswith(".")
    assert not NEVER_SAID.search(error.say_patient)
    assert re.fullmatch(r"[a-z-]+", error.code)


def test_the_front_desk_cannot_tell_a_safety_hold_from_a_missing_clearance() -> None:
    uncleared, held = NotCleared(), SafetyHold()
    assert (held.code, held.say, held.say_patient) == (uncleared.code, uncleared.say, uncleared.say_patient)
    assert held.say == "Ask the clinician."


def test_other_codes_are_distinct() -> None:
    codes = [refusal.code for refusal in ALL if refusal is not SafetyHold]
    assert len(codes) == len(set(codes))


def test_every_constraint_has_words() -> None:
    assert all(type(refusal_of(name)) is refusal for name, refusal in CONSTRAINTS.items())
    assert refusal_of("somebody_elses_constraint") is None
    assert refusal_of(None) is None


def test_a_protocol_violation_says_every_rule_that_is_broken() -> None:
    broken = ProtocolViolation([Violation("P2", (), "Too many."), Violation("P3", (), "Too close.")])
    assert broken.say == "Too many. Too close."
    assert "Too" not in broken.say_patient
