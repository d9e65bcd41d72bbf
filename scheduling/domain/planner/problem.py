"""What the planner is asked and what it answers (INTERFACES.md, `plan_series`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from scheduling.domain.policy import DEFAULT_POLICY, FREQUENCIES, Policy
from scheduling.domain.protocol import Deviation

MAX_ALTERNATIVES = 3
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lawful start: naive wall time of the site's zone, a free room and a free clinician (names)."""

    start: datetime
    room: str
    clinician: str


@dataclass(frozen=True, slots=True)
class Preferred:
    """The patient's wishes: weekdays (Monday 0; none named = any) and starts in [since, until), None = open."""

    weekdays: frozenset[int] = frozenset()
    since: time | None = None
    until: time | None = None

    def likes(self, start: datetime) -> bool:
        """Whether `start` is on a preferred weekday and at a preferred time."""
        at = start.time()
        return (
            (not self.weekdays or start.weekday() in self.weekdays)
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


NO_WISHES = Preferred()


@dataclass(frozen=True, slots=True)
class SeriesProblem:
    """One series to lay out.

    `infusions`: ordered in all, those in `series_days` included. `existing`: days of the patient's other active
    infusions and boosters, for P2 and P3. `series_days`: days already given or kept in this series; numbers, weeks, P4
    and P5 count them too. `planned`: visits the patient has now, which a repair would like to keep; one is kept where
    the layout takes its very start, room and clinician, which must be among the candidates. Raises ValueError for an
    order that P1 forbids or a frequency other than 2 or 3 a week.
    """

    infusions: int
    per_week: int
    candidates: Sequence[Candidate]
    existing: frozenset[date] = frozenset()
    series_days: frozenset[date] = frozenset()
    preferred: Preferred = NO_WISHES
    policy: Policy = DEFAULT_POLICY
    planned: Sequence[Candidate] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.infusions <= self.policy.max_infusions:
            raise ValueError(f"an order is for 1 to {self.policy.max_infusions} infusions (P1)")
        if self.per_week not in FREQUENCIES:
            raise ValueError("an order is for 2 or 3 infusions a week")
        if len(self.series_days) > self.infusions:
            raise ValueError(f"the series has {len(self.series_days)} infusions, {self.infusions} are ordered (P1)")

    @property
    def missing(self) -> int:
        """How many infusions are to be placed."""
        return self.infusions - len(self.series_days)


@dataclass(frozen=True, slots=True)
class Visit:
    """One infusion of a layout; `number` is its place by date in the whole series."""

    number: int
    start: datetime
    room: str
    clinician: str


@dataclass(frozen=True, slots=True, order=True)
class Objective:
    """What is best: compared field by field, smaller is better.

    `changed`: visits of the layout that are not among those planned before; 0 where nothing was. `series_weeks`,
    `deviations` and `last_day` (days since 1970-01-01) speak of the whole series; the changes, from
    one infusion to the next, of the layout alone.
    """

    deviations: int
    changed: int
    series_weeks: int
    outside_preferred: int
    last_day: int
    time_changes: int
    clinician_changes: int
    room_changes: int
    starts: tuple[datetime, ...]
    rooms: tuple[str, ...]
    clinicians: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A lawful layout of all missing infusions, by date."""

    visits: tuple[Visit, ...]
    objective: Objective
    deviations: tuple[Deviation, ...]

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(visit.start.date() for visit in self.visits)


@dataclass(frozen=True, slots=True)
class Plan:
    """The best layout, and up to three others that differ from it and from each other in two days or more."""

    best: Layout
    alternatives: tuple[Layout, ...] = ()


@dataclass(frozen=True, slots=True)
class Impossible:
    """No lawful layout: the first of P2, P3, P5 without which there would be one, else "candidates"."""

    rule: str
    days: tuple[date, ...]
    say: str
