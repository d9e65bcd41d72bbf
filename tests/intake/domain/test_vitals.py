"""The gate before an infusion, at each limit and each minute; bands during it (CLINICAL 1.6)."""

from datetime import UTC, datetime, timedelta

import pytest

from intake.domain.scoring import score
from intake.domain.vitals import Band, Limits, Reading, Step, band_before, band_during, gate

NOON = datetime(2027, 3, 8, 20, tzinfo=UTC)
OK, HOLD, STOP = (130, 80), (150, 85), (170, 95)


def reading(minutes: float, pressure: tuple[int, int] = OK, **more: object) -> Reading:
    values = {"systolic": pressure[0], "diastolic": pressure[1], "heart_rate": 70, **more}
    return Reading(measured_at=NOON + timedelta(minutes=minutes), **values)  # type: ignore[arg-type]


def step(*readings: Reading, at: float = 30, **limits: int) -> Step:
    return gate(readings, Limits(**limits), NOON + timedelta(minutes=at)).step


@pytest.mark.parametrize(
    ("pressure", "band"),
    [((140, 90), "ok"), ((141, 90), "hold"), ((140, 91), "hold"), ((160, 100), "hold"), ((161, 90), "stop"),
     ((140, 101), "stop")],
)  # fmt: skip
def test_each_limit_is_within_and_one_above_is_not(pressure: tuple[int, int], band: str) -> None:
    assert band_before(reading(0, pressure), Limits()).value == band
    scored = score("VITALS-GATE", {"phase": "pre", "sbp": pressure[0], "dbp": pressure[1], "hr": 70}).severity
    assert scored is not None
    assert {"ok": "ok", "hold_review": "hold", "do_not_start": "stop"}[scored] == band, "the scoring command agrees"


@pytest.mark.parametrize(
    ("changed", "urgent"),
    [({}, False), ({"systolic": 181}, True), ({"diastolic": 101}, True), ({"heart_rate": 111}, True),
     ({"spo2": 91}, True), ({"spo2": 92}, False), ({"symptoms": ("chest_pain",)}, True)],
)  # fmt: skip
def test_the_urgent_band_during_an_infusion(changed: dict[str, object], urgent: bool) -> None:
    found = reading(0, (180, 100), **{"heart_rate": 110, **changed})
    assert band_during(found, Limits()) is (Band.URGENT if urgent else Band.OK)


@pytest.mark.parametrize("more", [{"heart_rate": 111}, {"spo2": 91}, {"symptoms": ("severe_headache",)}])
def test_a_pulse_an_oxygen_or_a_symptom_waits_too(more: dict[str, object]) -> None:
    assert band_before(reading(0, OK, **more), Limits()) is Band.HOLD


def test_the_clinic_sets_its_own_limits() -> None:
    strict = Limits(hold_systolic=129, stop_systolic=149, urgent_heart_rate=69)
    assert band_before(reading(0, (130, 80)), strict) is Band.HOLD
    assert band_before(reading(0, (150, 80)), strict) is Band.STOP
    assert band_during(reading(0), strict) is Band.URGENT


def test_a_reading_of_a_clock_that_runs_ahead_holds_at_once_and_lifts_nothing_yet() -> None:
    assert step(reading(20), reading(31, STOP)) is Step.OVERRIDE
    assert step(reading(20, STOP), reading(31)) is Step.OVERRIDE


def test_what_was_not_measured_is_never_ok() -> None:
    assert band_before(reading(0, heart_rate=None), Limits()) is Band.PART
    assert band_before(Reading(measured_at=NOON, heart_rate=70), Limits()) is Band.PART
    assert step(reading(0, heart_rate=None)) is Step.MEASURE
    assert step() is Step.MEASURE


def test_a_high_reading_is_repeated_twice_and_then_decided() -> None:
    first, second, third = (reading(minutes, HOLD) for minutes in (0, 6, 12))
    assert step(first) is Step.REST
    assert step(first, second) is Step.REST
    assert step(first, second, third) is Step.DECIDE
    assert step(first, second, third, hold_repeats=3) is Step.REST
    assert gate([first], Limits(), NOON).again_at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize(("minutes", "found"), [(4.9, Step.REST), (5, Step.OK)])
def test_a_better_number_counts_after_the_rest_only(minutes: float, found: Step) -> None:
    assert step(reading(0, HOLD), reading(minutes, OK)) is found


def test_a_worse_number_counts_at_once() -> None:
    assert step(reading(0, HOLD), reading(1, STOP)) is Step.OVERRIDE
    assert step(reading(0, OK), reading(1, HOLD)) is Step.REST


def test_a_repeat_within_the_limits_lets_it_start() -> None:
    assert step(reading(0, HOLD), reading(6, HOLD), reading(12, OK)) is Step.OK
    assert step(reading(0, STOP), reading(6, OK)) is Step.OK


def test_a_decision_counts_for_its_reading_and_no_longer() -> None:
    held = [reading(0, HOLD), reading(6, HOLD)]
    assert step(*held, reading(12, HOLD, start=True)) is Step.OK
    assert step(*held, reading(12, HOLD, start=False)) is Step.STOPPED
    assert step(*held, reading(12, HOLD, start=True), reading(18, HOLD)) is Step.DECIDE
    assert step(reading(0, STOP, start=True)) is Step.OK
    assert step(reading(0, STOP, start=True), reading(6, STOP)) is Step.OVERRIDE


def test_readings_that_are_too_old_or_lie_ahead_do_not_count() -> None:
    assert step(reading(0), at=60) is Step.OK
    assert step(reading(0), at=60.1) is Step.MEASURE
    assert step(reading(0, STOP, start=True), at=61) is Step.MEASURE
    assert step(reading(5), at=4) is Step.MEASURE


def test_the_order_of_entry_does_not_matter() -> None:
    assert step(reading(12, OK), reading(0, HOLD), reading(6, HOLD)) is Step.OK
