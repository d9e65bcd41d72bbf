"""Vital signs against the clinic's limits: whether an infusion may start, and bands during it (CLINICAL 1.6).

Bands are shown, never an alarm. Pressures are in mmHg; a value *at* a limit is within it, as the Spravato label has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The clinic's numbers. The defaults: label (140/90), product default (160/100), Wan 2015 (180, 110)."""

    hold_systolic: int = 140
    hold_diastolic: int = 90
    stop_systolic: int = 160
    stop_diastolic: int = 100
    urgent_systolic: int = 180
    urgent_diastolic: int = 100
    urgent_heart_rate: int = 110
    urgent_spo2: int = 92  # below
    rest_minutes: int = 5
    hold_repeats: int = 2
    vitals_minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One set of readings. `start` is what was decided about it: None where nothing was."""

    measured_at: datetime
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    symptoms: tuple[str, ...] = ()
    start: bool | None = None


class Band(Enum):
    """What the limits make of a reading. Before an infusion: OK, HOLD, STOP; during and after it: OK, URGENT."""

    OK = "ok"
    HOLD = "hold"
    STOP = "stop"
    URGENT = "urgent"
    PART = "part"  # nothing is above a limit, and something was not measured


def band_before(reading: Reading, limits: Limits) -> Band:
    """The band before an infusion. Pressure decides; a pulse or an oxygen of the urgent band, or a symptom, waits too.

    The source names limits of pressure alone before a start; that the others wait for a clinician is a product default.
    """
    if _above(reading, limits.stop_systolic, limits.stop_diastolic):
        return Band.STOP
    if _above(reading, limits.hold_systolic, limits.hold_diastolic) or _pulse_or_oxygen(reading, limits):
        return Band.HOLD
    if reading.symptoms:
        return Band.HOLD
    complete = reading.systolic is not None and reading.diastolic is not None and reading.heart_rate is not None
    return Band.OK if complete else Band.PART


def band_during(reading: Reading, limits: Limits) -> Band:
    """The band during an infusion and after it."""
    high = _above(reading, limits.urgent_systolic, limits.urgent_diastolic)
    if high or _pulse_or_oxygen(reading, limits) or reading.symptoms:
        return Band.URGENT
    return Band.OK if reading.systolic is not None and reading.heart_rate is not None else Band.PART


def _above(reading: Reading, systolic: int, diastolic: int) -> bool:
    return (reading.systolic or 0) > systolic or (reading.diastolic or 0) > diastolic


def _pulse_or_oxygen(reading: Reading, limits: Limits) -> bool:
    low = reading.spo2 is not None and reading.spo2 < limits.urgent_spo2
    return low or (reading.heart_rate or 0) > limits.urgent_heart_rate


class Step(Enum):
    """What comes next at the gate."""

    OK = "ok"
    MEASURE = "measure"  # nothing that counts was measured
    REST = "rest"  # repeat after some minutes
    DECIDE = "decide"  # a clinician records a decision
    OVERRIDE = "override"  # only a prescriber, with a reason
    STOPPED = "stopped"  # it was decided not to start


@dataclass(frozen=True, slots=True)
class Gate:
    """What the readings before an infusion say. `repeats` counts those after the first that waited."""

    step: Step
    last: Reading | None = None
    repeats: int = 0
    again_at: datetime | None = None

    @property
    def may_start(self) -> bool:
        """Whether nothing measured stands in the way."""
        return self.step is Step.OK


def gate(readings: Sequence[Reading], limits: Limits, now: datetime) -> Gate:
    """Judge the readings that were taken before one visit, in any order. The newest that counts governs.

    A repeat counts after the rest only: a better number half a minute later lifts nothing. A reading older than
    `vitals_minutes` no longer counts, nor does a decision about it.
    """
    last, repeats = None, 0
    for one in sorted(readings, key=lambda reading: reading.measured_at):
        fresh = now - timedelta(minutes=limits.vitals_minutes) <= one.measured_at
        ahead = (
            one.measured_at > now
        )  # clocks differ: one that is high counts at once, one that is not waits for its time
        if not fresh or (ahead and band_before(one, limits) is Band.OK) or band_before(one, limits) is Band.PART:
            continue
        waiting = last is not None and band_before(last, limits) is not Band.OK
        if last is not None and waiting and one.measured_at - last.measured_at < _rest(limits):
            if _worse(one, last, limits):
                last = one
            continue
        repeats = repeats + 1 if waiting else 0
        last = one
    return _judge(last, repeats, limits)


def _judge(last: Reading | None, repeats: int, limits: Limits) -> Gate:
    if last is None:
        return Gate(Step.MEASURE)
    band, again_at = band_before(last, limits), last.measured_at + _rest(limits)
    if band is Band.OK:
        return Gate(Step.OK, last, repeats)
    if last.start is not None:
        return Gate(Step.OK if last.start else Step.STOPPED, last, repeats, None if last.start else again_at)
    if band is Band.STOP:
        return Gate(Step.OVERRIDE, last, repeats, again_at)
    if repeats < limits.hold_repeats:
        return Gate(Step.REST, last, repeats, again_at)
    return Gate(Step.DECIDE, last, repeats, again_at)


def _rest(limits: Limits) -> timedelta:
    return timedelta(minutes=limits.rest_minutes)


_RANK = (Band.OK, Band.HOLD, Band.STOP)


def _worse(one: Reading, other: Reading, limits: Limits) -> bool:
    return _RANK.index(band_before(one, limits)) > _RANK.index(band_before(other, limits))
