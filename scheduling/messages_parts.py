"""What the messages about visits are made of: the visit read again, its place in words, its calendar entry."""

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from intake.models import Inquiry
from intake.queries import inquiries as inquiry_queries
from pacificmind.messaging.catalogue import phrase
from pacificmind.messaging.ics import invitation
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Attachment, Void, Words
from pacificmind.messaging.said import Moment, Phrase, Said
from pacificmind.prepared import Prepared, among
from scheduling.models import Appointment, Kind, Status
from scheduling.services import notify


class Loaded(NamedTuple):
    """What messages about a visit read: the visit, and what is asked before it as it stands now."""

    visit: Appointment
    asked: Inquiry | None


def visits_of(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Loaded]:
    """What messages about visits read, for many at once; telephone numbers cost most and are not asked for."""
    found = _VISITS(visits=list(ids))
    asked = inquiry_queries.of_visits([visit.pk for visit in found])
    return {visit.pk: Loaded(visit, asked.get((visit.pk, visit.version))) for visit in found}


_VISITS = Prepared(
    lambda: (
        Appointment.objects.filter(among("pk", "visits"))
        .select_related("site", "patient__user")
        .defer("site__phone", "patient__phone")
    )
)


def loaded(message: Message) -> Loaded | None:
    """As its batch read it, or else read now."""
    found: Loaded | None = message.loaded or visits_of([message.subject_id]).get(message.subject_id)
    return found


def one_visit(message: Message) -> Appointment | Void:
    found = loaded(message)
    if found is None:
        return Void("The visit is no longer in the calendar.")
    visit = found.visit
    if visit.version != message.subject_version and message.purpose != notify.CANCELLED:
        return Void("The visit was changed since.")
    return visit


def words_about(key: str, visit: Appointment, *, attached: tuple[Attachment, ...] = (), was: Said | str = "") -> Words:
    """A mail about one visit; `was` says what is no longer so."""
    shown = {"when": Moment(visit.starts_at, visit.site.tz), "where": held_line(visit) or where(visit), "was": was}
    context = {"visits": [shown], "prepare": ready([visit]), "path": f"/visits/{visit.pk}/"}
    return Words(key=key, context=context, attachments=attached)


def where(visit: Appointment) -> str | Phrase:
    """The address, or how a video visit is joined."""
    if visit.telehealth:
        return Phrase("video")
    return f"{visit.site.name}, {visit.site.address}"


def ready(visits: Iterable[Appointment]) -> str | Phrase:
    """What to prepare, said without saying what for."""
    return Phrase("prepare") if any(visit.kind in (Kind.INFUSION, Kind.BOOSTER) for visit in visits) else ""


def entry(
    visit: Appointment, *, cancelled: bool = False, tentative: bool = False, name: str = "appointment.ics"
) -> Attachment:
    language = visit.patient.language
    content = invitation(
        uid=f"{visit.pk}@pacificmind",
        sequence=visit.version - 1,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.zone,
        summary=phrase("appointment", language),
        location=phrase("video_visit", language) if visit.telehealth else f"{visit.site.name}, {visit.site.address}",
        status="CANCELLED" if cancelled else "TENTATIVE" if tentative else "CONFIRMED",
        method="CANCEL" if cancelled else "REQUEST",
        attendee=visit.patient.mail_address,
    )
    method = "CANCEL" if cancelled else "REQUEST"
    return Attachment(name, content, f"text/calendar; method={method}; charset=utf-8")


def held_line(visit: Appointment) -> str | Phrase:
    return Phrase("held") if visit.status == Status.HELD else ""
