"""Who changed what on a visit or a series, from the audit; looks are not among it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.parts import Part, part
from scheduling.models import Appointment, Series


@dataclass(frozen=True)
class Change:
    """One line of a visit's history: who did what, when, and which fields."""

    at: datetime
    who: str
    what: str
    detail: str = ""  # from when to when, or the reason that is kept


def history(visit: Appointment, *, every: bool = False) -> Part[Change]:
    """Who changed what on this visit, newest first, from the audit; looks are not among them.

    A visit that was laid out with its series begins with the series' entry; one booked by itself with its own.
    """
    own = list(_entries(visit.patient_id, Appointment, [visit.pk], every=every))
    if visit.series_id is not None and not any(entry.what == "book a visit" for entry in own):
        run = _entries(visit.patient_id, Series, [visit.series_id], every=every)
        own += [one for one in run if one.what == LAID_OUT]
    reasons = dict(visit.overrides.values_list("pk", "reason"))
    return _changes(own, {}, visit.site.tz, reasons, every=every)


def series_history(series: Series, visits: Sequence[Appointment], *, every: bool = False) -> Part[Change]:
    """Who changed what on a series and on each of its visits, newest first; two queries."""
    entries = [
        *_entries(series.patient_id, Series, [series.pk], every=every),
        *_entries(series.patient_id, Appointment, [visit.pk for visit in visits], every=every),
    ]
    called = {str(visit.pk): f"Visit {visit.number}: " for visit in visits}
    return _changes(entries, called, series.site.tz, {}, every=every)


def _entries(patient_id: uuid.UUID, model: type[Model], ids: Sequence[uuid.UUID], *, every: bool) -> QuerySet[Entry]:
    rows = Entry.objects.filter(
        patient_id=patient_id, subject_type=model._meta.label_lower, subject_id__in=[str(one) for one in ids]
    )
    found = rows.exclude(action=Action.VIEW).order_by("-at", "-id")
    return found if every else found[: MOST_CHANGES + 1]


def _changes(
    entries: Sequence[Entry], called: Mapping[str, str], zone: ZoneInfo, reasons: Mapping[int, str], *, every: bool
) -> Part[Change]:
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={e.actor_id for e in entries if e.actor_id})}
    latest = sorted(entries, key=lambda entry: (entry.at, entry.pk), reverse=True)
    changes = [
        Change(
            entry.at,
            names.get(entry.actor_id, "The system") if entry.actor_id else "The system",
            f"{called.get(entry.subject_id, '')}{_words(entry)}",
            _detail(entry, zone, reasons),
        )
        for entry in latest
    ]
    return part(changes, None if every else MOST_CHANGES)


LAID_OUT, OVERRIDE, MOST_CHANGES = "lay out a series", "override hours or notice", 100
MOVES = ("move a visit", "take a move back", "take an earlier time")
WORDS = {
    "book a visit": "Booked",
    "move a visit": "Moved",
    "take a move back": "Move taken back",
    "cancel a visit": "Cancelled",
    "arrive": "Arrived",
    "check in": "Checked in",
    "start": "Started",
    "complete": "Completed",
    "no-show": "Did not come",
    "confirm a visit": "Confirmed by the patient",
    "confirm a visit by text": "Confirmed by text message",
    "take an earlier time": "Moved to an earlier time",
    OVERRIDE: "Placed outside the hours or at short notice",
    "name who takes them home": "Said who takes them home",
    "hold or book a visit": "Held or booked anew",
    "take out a visit that was entered in error": "Taken out, entered in error",
    "hand over": "Handed over",
    LAID_OUT: "Laid out with its series",
    "close a series": "Series closed",
    "release a stage": "Stage released",
    "review a pause": "Pause reviewed",
}


def _detail(entry: Entry, zone: ZoneInfo, reasons: Mapping[int, str]) -> str:
    """From when to when a visit went; why it was placed beyond the ordinary. Older rows do not say from when."""
    if entry.what == OVERRIDE:
        return next((reasons[pk] for pk in entry.changes.get("overrides", ()) if pk in reasons), "")
    if entry.what not in MOVES or "from" not in entry.changes:
        return ""
    start, end = (when_words(datetime.fromisoformat(entry.changes[name]), zone, now()) for name in ("from", "to"))
    return f"from {start} to {end}" if start != end else "at the same time, to another room or clinician"


def _words(entry: Entry) -> str:
    return WORDS.get(entry.what) or entry.what.capitalize()
