"""What is owed to patients because something is missing before a visit; found by looking, read again when it leaves.

Each is owed once for a visit, at a decent hour, and told of the patient's first coming visit alone.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from intake.queries.standing_bulk import standings
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.services import Owed, owe_many
from scheduling.models import Appointment, Status

PAPERS, PAPERS_AGAIN, MISSING = "papers-open", "papers-open-again", "something-missing"
PAPERS_DAYS, PAPERS_AGAIN_DAYS, MISSING_DAYS = 7, 2, 3  # before the visit
OPENS, CLOSES = time(9), time(19)  # local wall clock: when such a mail leaves
COMING = (Status.HELD, Status.BOOKED)


def look_after(coming: Sequence[Appointment]) -> int:
    """Owe what is due about these visits, soonest first; how many messages are new. Safe to run at any time."""
    first = _first_of_each(coming)
    known = standings(set(first))
    wanted: list[tuple[str, Appointment]] = []
    for patient_id, visit in first.items():
        one, days = known[patient_id], (visit.starts_at - now()) / timedelta(days=1)
        if not one.consent:
            wanted += [(PAPERS, visit)] if days <= PAPERS_DAYS else []
            wanted += [(PAPERS_AGAIN, visit)] if days <= PAPERS_AGAIN_DAYS else []
        covered = one.covers(on=visit.day, site_id=visit.site_id, kind=visit.kind)
        if covered and one.decision is not None and one.decision["conditions_open"] and days <= MISSING_DAYS:
            wanted.append((MISSING, visit))
    return _owe(wanted)


def _first_of_each(coming: Sequence[Appointment]) -> dict[uuid.UUID, Appointment]:
    found: dict[uuid.UUID, Appointment] = {}
    for visit in coming:
        if visit.status in COMING and visit.starts_at > now():
            found.setdefault(visit.patient_id, visit)
    return found


def _owe(wanted: Sequence[tuple[str, Appointment]]) -> int:
    """Those that no row stands for yet. The first of two that are due at once is enough for a day."""
    told = Message.objects.filter(subject_id__in=[visit.pk for _, visit in wanted]).values_list(
        "subject_id", "purpose", "due_at"
    )
    known = {(subject, purpose) for subject, purpose, _ in told}
    lately = {subject for subject, purpose, due in told if purpose == PAPERS and due > now() - timedelta(days=1)}
    rows = []
    for purpose, visit in wanted:
        if (visit.pk, purpose) in known or (purpose == PAPERS_AGAIN and visit.pk in lately):
            continue
        if purpose == PAPERS:
            lately.add(visit.pk)
        due = decent_hour(now(), visit.site.tz)
        rows.append(Owed(purpose, visit, 1, Recipient.PATIENT, visit.patient_id, due, site_id=visit.site_id))
    with transaction.atomic():
        return owe_many(rows)


def decent_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment itself by day, else the next morning there."""
    wall = moment.astimezone(zone)
    if OPENS <= wall.time() < CLOSES:
        return moment
    day = wall.date() + timedelta(days=1) if wall.time() >= CLOSES else wall.date()
    return datetime.combine(day, OPENS, tzinfo=zone).astimezone(UTC)
