"""The patient's home apart from its next step: the time line of their treatment, their latest messages."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.registry import label_of
from pacificmind.ui.dates import date_words, local
from pacificmind.ui.parts import TimelineItem
from scheduling.models import Appointment, Status
from scheduling.queries.patient_known import Known, visit_url, visit_words, when

STATES = {
    Status.HELD: ("later", "Planned; your clinician looks first."),
    Status.BOOKED: ("later", ""),
    Status.ARRIVED: ("now", "You are here."),
    Status.CHECKED_IN: ("now", "You are here."),
    Status.FULFILLED: ("done", ""),
    Status.CANCELLED: ("over", "Cancelled."),
    Status.NOSHOW: ("over", "Did not take place."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A message that left: what it was about, and when."""

    label: str
    at: datetime


def time_line(known: Known) -> list[TimelineItem]:
    """What was and what is planned, by time."""
    items = [(visit.starts_at, _visit_item(visit, known)) for visit in known.visits]
    zone = known.patient.site.tz
    for intake in known.sent:
        if intake.submitted_at is not None:
            day = date_words(local(intake.submitted_at, zone).date(), local(now(), zone).date())
            items.append((intake.submitted_at, TimelineItem("You sent your answers", day, state="done")))
    if (decision := known.decision) is not None:
        day = date_words(local(decision.signed_at, zone).date(), local(now(), zone).date())
        item = TimelineItem("Your clinician wrote to you", day, decision.words, state="done")
        items.append((decision.signed_at, item))
    return [item for _, item in sorted(items, key=lambda pair: pair[0])]


def _visit_item(visit: Appointment, known: Known) -> TimelineItem:
    state, text = STATES[Status(visit.status)]
    following = known.next_booked
    if following is not None and visit.pk == following.pk:
        state = "now"
    elif visit.status == Status.HELD:
        state = "person"
    return TimelineItem(visit_words(visit), when(visit), text, state, visit_url(visit), "See this visit")


def latest_messages(patient_id: uuid.UUID, *, most: int = 3) -> list[Told]:
    """The last messages that left for this patient, newest first."""
    rows: Iterable[Message] = Message.objects.filter(recipient_id=patient_id, status=MessageStatus.SENT)
    newest = rows.order_by("-done_at")[:most]  # type: ignore[attr-defined]
    return [Told(label_of(row.purpose), row.done_at) for row in newest]
