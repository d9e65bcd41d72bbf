"""The protocol P1 to P5, P9 and P10 as pure checks over days (DESIGN.md 4).

Days are local dates of the site. Gaps are symmetric, so that inserting before a visit obeys them too. Each check
returns the violations it finds, in order of days, with a sentence for the front desk; no violation is an empty tuple.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from scheduling.domain.places import redeal as redeal
from scheduling.domain.places import weekly_places as weekly_places
from scheduling.domain.policy import DEFAULT_POLICY as DEFAULT_POLICY
from scheduling.domain.policy import WEEK, day_words
from scheduling.domain.policy import Policy as Policy


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, the days that break it, and what to say at the front desk."""

    rule: str
    days: tuple[date, ...]
    say: str


@dataclass(frozen=True, slots=True)
class Deviation:
    """P4: a series week, not the last, with fewer than 2 infusions. `week` counts from 1 at the first infusion."""

    week: int
    starts_on: date
    ends_on: date  # exclusive
    infusions: int
    say: str


@dataclass(frozen=True, slots=True)
class SeriesDays:
    """One series as the rules see it.

    `days`: its active infusions. `others`: the patient's other active infusions and boosters. `first_on`: the first
    fulfilled infusion, from which series weeks count; None before there is one.
    """

    days: tuple[date, ...]
    per_week: int
    ordered: int
    others: tuple[date, ...] = ()
    first_on: date | None = None

    @property
    def week_one_on(self) -> date | None:
        """Where series weeks start: the first fulfilled infusion, else the first active one, else nowhere."""
        return self.first_on or min(self.days, default=None)

    def with_day(self, day: date) -> SeriesDays:
        """The same series with one more infusion."""
        return SeriesDays((*self.days, day), self.per_week, self.ordered, self.others, self.first_on)


# P1: how many


def too_many_ordered(series: SeriesDays, policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """P1: no more infusions than ordered, and never more than 8."""
    most = min(series.ordered, policy.max_infusions)
    beyond = sorted(series.days)[most:]
    if not beyond:
        return ()
    say = f"{len(series.days)} infusions, but {most} are allowed by the order (P1). Another one needs a new order."
    return (Violation("P1", tuple(beyond), say),)


# P2: how many in seven days


def too_many_in_week(days: Iterable[date], policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """P2: every run of days that is one too many for any 7 consecutive days."""
    ordered, most = sorted(days), policy.max_in_7_days
    runs = (tuple(ordered[i : i + most + 1]) for i in range(len(ordered) - most))
    return tuple(_crowded(run, most) for run in runs if (run[-1] - run[0]).days < WEEK)


def _crowded(run: tuple[date, ...], most: int) -> Violation:
    say = (
        f"{most + 1} infusions in 7 days, from {day_words(run[0])} to {day_words(run[-1])}; {most} is the most (P2). "
        "Choose an earlier or a later day."
    )
    return Violation("P2", run, say)


# P3: clear days between


def too_close(days: Iterable[date], per_week: int, policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """P3: every two neighbouring infusions with too few clear days between them; twice the same day is too close."""
    apart = policy.days_apart(per_week)
    pairs = pairwise(sorted(days))
    return tuple(_too_close(a, b, apart - 1) for a, b in pairs if (b - a).days < apart)


def _too_close(earlier: date, later: date, clear: int) -> Violation:
    need = "one clear day" if clear == 1 else f"{clear} clear days"
    say = (
        f"{day_words(earlier)} and {day_words(later)} are too close: {need} between infusions (P3). Choose another day."
    )
    return Violation("P3", (earlier, later), say)


# Series weeks, P4 and P5


def series_week(first_on: date, day: date) -> int:
    """The series week of `day`: 1 for the 7 days from the first infusion on, 2 for the next; 0 or less before it."""
    return (day - first_on).days // WEEK + 1


def week_days(first_on: date, week: int) -> tuple[date, date]:
    """The half-open range of days of a series week."""
    start = first_on + timedelta(days=WEEK * (week - 1))
    return start, start + timedelta(days=WEEK)


def _by_week(series: SeriesDays) -> dict[int, list[date]]:
    """The infusions of each week from the first to the last one that has any, empty weeks between included."""
    first = series.week_one_on
    if first is None or not series.days:
        return {}
    numbered = [(series_week(first, day), day) for day in sorted(series.days)]
    weeks: dict[int, list[date]] = {week: [] for week in range(numbered[0][0], numbered[-1][0] + 1)}
    for week, day in numbered:
        weeks[week].append(day)
    return weeks


def deviations(series: SeriesDays, policy: Policy = DEFAULT_POLICY) -> tuple[Deviation, ...]:
    """P4: the series weeks, the last apart, with fewer than 2 infusions. A fact for a clinician, not a refusal."""
    weeks, first = _by_week(series), series.week_one_on
    thin = [(week, len(weeks[week])) for week in list(weeks)[:-1] if len(weeks[week]) < policy.min_in_series_week]
    return tuple(_deviation(first, week, count) for week, count in thin if first)


def _deviation(first: date, week: int, count: int) -> Deviation:
    start, end = week_days(first, week)
    have = {0: "no infusion", 1: "only 1 infusion"}.get(count, f"only {count} infusions")
    say = f"Week {week} of the series, from {day_words(start)}, has {have}: a prescriber gives the reason (P4)."
    return Deviation(week, start, end, count, say)


def over_frequency(series: SeriesDays) -> tuple[Violation, ...]:
    """P5: series weeks with more infusions than the order's frequency."""
    full = ((week, days) for week, days in _by_week(series).items() if len(days) > series.per_week)
    return tuple(Violation("P5", tuple(days), _over(week, len(days), series.per_week)) for week, days in full)


def _over(week: int, count: int, per_week: int) -> str:
    return f"{count} infusions in series week {week}; the order says {per_week} a week (P5). Choose another week."


# P8, P9: stages and pauses


def stage_of(number: int, stage_size: int = DEFAULT_POLICY.stage_size) -> int:
    """P8: the stage, from 1, of infusion `number`, from 1."""
    if number < 1 or stage_size < 1:
        raise ValueError("numbers and stage sizes count from 1")
    return (number - 1) // stage_size + 1


def review_point(number: int, ordered: int, stage_size: int = DEFAULT_POLICY.stage_size) -> int:
    """P8: the last infusion that may be booked together with `number`: the end of its stage or of the order."""
    return min(stage_of(number, stage_size) * stage_size, ordered)


def review_opens_after(held_number: int) -> int:
    """P8: the fulfilled infusion after which the review before `held_number` opens, one before the stage ends."""
    return max(held_number - 2, 0)


def review_deadline(held_on: date, working_days: Iterable[date]) -> date | None:
    """P8: the last working day before the next held visit, at whose close the review is due; None if there is none."""
    return max((day for day in working_days if day < held_on), default=None)


def pauses(days: Iterable[date], policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """P9: neighbouring infusions 14 days apart or more; the later one needs a review first."""
    pairs = pairwise(sorted(days))
    return tuple(_pause(a, b) for a, b in pairs if (b - a).days >= policy.pause_days)


def _pause(earlier: date, later: date) -> Violation:
    say = f"{(later - earlier).days} days from {day_words(earlier)} to {day_words(later)}: a review comes first (P9)."
    return Violation("P9", (earlier, later), say)


# Boosters, P10


def booster_too_close(
    booster_on: date, infusions: Iterable[date], policy: Policy = DEFAULT_POLICY
) -> tuple[Violation, ...]:
    """P10: infusions and boosters less than 7 days before or after a booster on `booster_on`."""
    close = sorted(day for day in infusions if abs((day - booster_on).days) < policy.booster_gap_days)
    return tuple(_booster(booster_on, day, policy.booster_gap_days) for day in close)


def _booster(booster_on: date, day: date, gap: int) -> Violation:
    say = (
        f"The booster on {day_words(booster_on)} is less than {gap} days from the visit on {day_words(day)} (P10). "
        "Choose another week."
    )
    return Violation("P10", (booster_on, day), say)


# All together


def check_series(series: SeriesDays, policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """P1, P2, P3 and P5 of a whole series, the patient's other infusions counted where they count (P2, P3)."""
    everything = (*series.days, *series.others)
    found = (
        *too_many_ordered(series, policy),
        *too_many_in_week(everything, policy),
        *too_close(everything, series.per_week, policy),
        *over_frequency(series),
    )
    own = set(series.days)
    return tuple(violation for violation in found if own & set(violation.days))


def check_infusion(series: SeriesDays, day: date, policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """What one more infusion of `series` on `day` would break: P1 by count, P2, P3, P5 where `day` is involved."""
    after = check_series(series.with_day(day), policy)
    return tuple(violation for violation in after if violation.rule == "P1" or day in violation.days)


def check_change(
    was: SeriesDays, after: SeriesDays, new: Collection[date], policy: Policy = DEFAULT_POLICY
) -> tuple[Violation, ...]:
    """What a series breaks once `new` days are in it: what concerns one of them, or did not stand before.

    Moving the first infusion shifts every series week, so that a day nobody touched may be the one too many (P5).
    """
    known = {(violation.rule, violation.days) for violation in check_series(was, policy)}
    return tuple(
        violation
        for violation in check_series(after, policy)
        if violation.rule == "P1" or set(new) & set(violation.days) or (violation.rule, violation.days) not in known
    )


def new_deviations(was: SeriesDays, after: SeriesDays, policy: Policy = DEFAULT_POLICY) -> tuple[Deviation, ...]:
    """P4: the weeks that are too thin after a change and were not before."""
    known = {found.week for found in deviations(was, policy)}
    return tuple(found for found in deviations(after, policy) if found.week not in known)


def check_booster(day: date, infusions: Sequence[date], policy: Policy = DEFAULT_POLICY) -> tuple[Violation, ...]:
    """What a booster on `day` would break among the patient's other infusions and boosters: P2 and P10."""
    crowded = too_many_in_week((*infusions, day), policy)
    return (*(v for v in crowded if day in v.days), *booster_too_close(day, infusions, policy))
