"""How a patient fares over a series: baseline, response, remission, relapse, and what a repeated PHQ-9 cannot show.

Measures in, words for people out elsewhere. Nothing here decides: it is shown to the patient as their own answers and
to a clinician as a prompt (CLINICAL 1.9, 1.10).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from intake.domain.scoring import score
from intake.domain.scoring.staging import OUTCOMES

LOOK_BACK = {"PHQ-9": timedelta(days=14), "PCL-5": timedelta(days=30)}  # the period an instrument asks about
RELAPSE_AT = {"PHQ-9": 10}  # after remission, at or above; product default (CLINICAL 1.10)
GAIN_LOST = 0.5  # share of the gain that is gone; product default (CLINICAL 1.10)


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """A total at an instant. `prorated` totals rest on a published rule for missing items."""

    at: datetime
    instrument: str
    score: float
    prorated: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """One measure against the series' baseline; None where the instrument has no published rule or no baseline.

    `pct_reduction` is a percentage of the baseline, one decimal; negative where it is worse.
    """

    measure: Measure
    pct_reduction: float | None = None
    response: bool | None = None
    remission: bool | None = None
    meaningful_change: bool | None = None
    within_look_back: bool = False
    relapse: bool = False

    @property
    def change(self) -> str:
        """Such as "better by 44 %", "worse by 10 %", "no change"; empty without a baseline."""
        if self.pct_reduction is None:
            return ""
        if round(self.pct_reduction) == 0:
            return "no change"
        return f"{'better' if self.pct_reduction > 0 else 'worse'} by {abs(round(self.pct_reduction))} %"


@dataclass(frozen=True, slots=True)
class Course:
    """One instrument over one series. `after` are the measures since its first infusion, in order."""

    instrument: str
    baseline: Measure | None
    before: tuple[Measure, ...]
    after: tuple[Standing, ...]

    @property
    def latest(self) -> Standing | None:
        """The last measure since the series began."""
        return self.after[-1] if self.after else None

    @property
    def best(self) -> Standing | None:
        """The lowest measure since the series began, the first of equals."""
        return min(self.after, key=lambda one: one.measure.score, default=None)

    @property
    def relapsed(self) -> Standing | None:
        """The first measure that is a relapse."""
        return next((one for one in self.after if one.relapse), None)


def course(instrument: str, measures: Iterable[Measure], begins_at: datetime | None) -> Course:
    """Read one instrument against a series that began with an infusion at `begins_at` (None: none took place yet).

    The baseline is the last measure up to then. Measures of other instruments are passed over. Response counts from
    half of the baseline, both ends included (Singh, Phillips, ELEKT-D); remission is PHQ-9 below 5 (HEDIS DRR-E).
    """
    own = sorted(one for one in measures if one.instrument == instrument)
    before = [one for one in own if begins_at is None or one.at <= begins_at]
    after = own[len(before) :]
    baseline = before[-1] if before else None
    standings: list[Standing] = []
    for place, one in enumerate(after, len(before)):
        earlier = own[place - 1] if place else None
        soon = earlier is not None and one.at - earlier.at < LOOK_BACK.get(instrument, timedelta())
        standings.append(_standing(one, baseline, soon, standings))
    return Course(instrument, baseline, tuple(before), tuple(standings))


def _standing(one: Measure, baseline: Measure | None, soon: bool, earlier: Sequence[Standing]) -> Standing:
    if baseline is None or one.instrument not in OUTCOMES:
        return Standing(one, within_look_back=soon)
    told: Mapping[str, Any] = score(
        "OUTCOME",
        {"instrument": one.instrument, "baseline": round(baseline.score), "followup": round(one.score)},
    ).extra
    return Standing(
        one,
        pct_reduction=told["pct_reduction"],
        response=told["response"],
        remission=told["remission"],
        meaningful_change=told["meaningful_change"],
        within_look_back=soon,
        relapse=_relapse(one, baseline, earlier),
    )


def _relapse(one: Measure, baseline: Measure, earlier: Sequence[Standing]) -> bool:
    """PHQ-9 of 10 or more after remission, or half of a meaningful gain gone (a gain too small to mean anything is
    none to lose). A prompt to talk, never a verdict.
    """
    if any(seen.remission for seen in earlier) and one.score >= RELAPSE_AT.get(one.instrument, float("inf")):
        return True
    best = min((seen.measure.score for seen in earlier), default=None)
    meaningful = OUTCOMES[one.instrument].meaningful
    if best is None or meaningful is None or baseline.score - best < meaningful:
        return False
    return one.score - best >= GAIN_LOST * (baseline.score - best)


def little_gain(course: Course, percent: float) -> bool | None:
    """Whether the latest measure fell by less than `percent` of the baseline (D85); None where that is not known."""
    latest = course.latest
    if latest is None or latest.pct_reduction is None or course.baseline is None:
        return None
    return 100 * (course.baseline.score - latest.measure.score) < percent * course.baseline.score
