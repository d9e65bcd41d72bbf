"""How long alerts waited until a person had them: numbers and sites, nobody's name."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.models import SafetyAlert, SafetyEvent
from pacificmind.tasks.models import Kind, Task


@dataclass(frozen=True, slots=True)
class AlertTime:
    """One alert: how urgent, whether it was taken by the time it had to be, and after how many minutes.

    Of one that was given back, what it waited longest: to give it back makes no figure better.
    """

    urgent_now: bool
    minutes: int | None
    in_time: bool
    escalated: bool


def alert_times(site_id: str, start: datetime, end: datetime) -> list[AlertTime]:
    """The alerts of a site whose clock began in [start, end). One that waits has no minutes yet.

    The clock begins when an alert is raised, and anew where it became more urgent.
    """
    rows = list(SafetyAlert.objects.filter(site_id=site_id, raised_at__gte=start, raised_at__lt=end))
    paged = SafetyEvent.objects.filter(alert__in=rows, kind=SafetyEvent.Kind.PAGED)
    again = set(paged.values_list("alert_id", flat=True))
    before = _rounds_before(rows)
    return [
        AlertTime(
            urgent_now=row.tier == SafetyAlert.Tier.URGENT_2,
            minutes=_longest(_minutes(row), before[row.pk]),
            in_time=_in_time(row) and not any("late" in told for told in before[row.pk]),
            escalated=row.pk in again,
        )
        for row in rows
    ]


def follow_ups_in_time(site_id: str, start: datetime, end: datetime) -> tuple[int, int]:
    """Follow-ups that were due in [start, end): how many, and how many of them were done by their day."""
    due: Sequence[tuple[datetime, datetime | None]] = list(
        Task.objects.filter(kind=Kind.SAFETY_FOLLOW_UP, site_id=site_id, due_at__gte=start, due_at__lt=end).values_list(
            "due_at", "done_at"
        )
    )
    return len(due), sum(done is not None and done <= by for by, done in due)


def _rounds_before(rows: Sequence[SafetyAlert]) -> dict[uuid.UUID, list[str]]:
    """What each alert had waited before it was given back: minutes, with a word where that was too long."""
    kinds = (SafetyEvent.Kind.RELEASED, SafetyEvent.Kind.HANDED)
    found: dict[uuid.UUID, list[str]] = {row.pk: [] for row in rows}
    for alert_id, told in SafetyEvent.objects.filter(alert__in=rows, kind__in=kinds).values_list("alert_id", "value"):
        found[alert_id].append(told)
    return found


def _longest(minutes: int | None, before: Sequence[str]) -> int | None:
    return None if minutes is None else max([minutes, *(int(told.split()[0]) for told in before)])


def _in_time(row: SafetyAlert) -> bool:
    return row.acknowledged_at is not None and not row.waits and row.acknowledged_at <= row.acknowledge_by


def _minutes(row: SafetyAlert) -> int | None:
    if row.acknowledged_at is None or row.acknowledged_at < row.counts_from:
        return None
    return int((row.acknowledged_at - row.counts_from).total_seconds() // 60)
