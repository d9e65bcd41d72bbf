"""The words of the messages about visits. Neutral throughout: no drug, diagnosis or specialty, here or in a subject.

Each render reads the visit again just before it is sent: what is no longer so is not sent, and says why.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.urls import reverse

from intake.models import BoosterOrder, Inquiry
from intake.queries import inquiries as inquiry_queries
from intake.services import inquiries
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.catalogue import phrase
from pacificmind.messaging.ics import invitation
from pacificmind.messaging.models import Channel, Message
from pacificmind.messaging.registry import Attachment, Purpose, Void, Words
from pacificmind.messaging.said import Ahead, Moment, NearMoment, Phrase, Said
from scheduling import messages_words as changes
from scheduling.models import Appointment, Kind, Offer, Repair, Series, Status
from scheduling.queries.waitlist import stands
from scheduling.services import notify
from scheduling.services import waitlist_offers as offers


class Loaded(NamedTuple):
    """What messages about a visit read: the visit, and what is asked before it as it stands now."""

    visit: Appointment
    asked: Inquiry | None


def visits_of(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Loaded]:
    """What messages about visits read, for many at once; telephone numbers cost most and are not asked for."""
    visits = Appointment.objects.select_related("site", "patient__user").defer("site__phone", "patient__phone")
    found = list(visits.filter(pk__in=list(ids)))
    asked = inquiry_queries.of_visits([visit.pk for visit in found])
    return {visit.pk: Loaded(visit, asked.get((visit.pk, visit.version))) for visit in found}


def _loaded(message: Message) -> Loaded | None:
    """As its batch read it, or else read now."""
    found: Loaded | None = message.loaded or visits_of([message.subject_id]).get(message.subject_id)
    return found


def _visit(message: Message) -> Appointment | Void:
    found = _loaded(message)
    if found is None:
        return Void("The visit is no longer in the calendar.")
    visit = found.visit
    if visit.version != message.subject_version and message.purpose != notify.CANCELLED:
        return Void("The visit was changed since.")
    return visit


def _words(key: str, visit: Appointment, *, attached: tuple[Attachment, ...] = (), was: Said | str = "") -> Words:
    """A mail about one visit; `was` says what is no longer so."""
    shown = {"when": Moment(visit.starts_at, visit.site.tz), "where": _held(visit) or where(visit), "was": was}
    context = {"visits": [shown], "prepare": _ready([visit]), "path": f"/visits/{visit.pk}/"}
    return Words(key=key, context=context, attachments=attached)


def where(visit: Appointment) -> str | Phrase:
    """The address, or how a video visit is joined."""
    if visit.telehealth:
        return Phrase("video")
    return f"{visit.site.name}, {visit.site.address}"


def _ready(visits: Iterable[Appointment]) -> str | Phrase:
    """What to prepare, said without saying what for."""
    return Phrase("prepare") if any(visit.kind in (Kind.INFUSION, Kind.BOOSTER) for visit in visits) else ""


def _ics(
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


def booked(message: Message) -> Words | Void:
    """A visit is booked, with its calendar entry."""
    visit = _visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.BOOKED:
        return Void("The visit is no longer booked.")
    return _asking(_words("visit-booked", visit, attached=(_ics(visit),)), message)


def moved(message: Message) -> Words | Void:
    """A visit has another time, with the calendar entry that takes the old one's place."""
    visit = _visit(message)
    if isinstance(visit, Void):
        return visit
    held = visit.status == Status.HELD and visit.moved_from not in (None, visit.starts_at)
    if visit.status != Status.BOOKED and not held:
        return Void("The visit is no longer booked.")
    if visit.moved_from is None:  # moved before its booking was told
        return booked(message)
    same = visit.moved_from == visit.starts_at
    was = changes.OTHER_CLINICIAN if same else changes.no_longer(visit.moved_from, visit.site.tz)
    key = "visit-stays" if same else "visit-moved"
    words = _words(key, visit, attached=(_ics(visit, tentative=held),), was=was)
    return words if held else _asking(words, message)


def cancelled(message: Message) -> Words | Void:
    """A visit is cancelled, with the calendar entry that takes it out."""
    visit = _visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.CANCELLED:
        return Void("The visit stands again.")
    return _words("visit-cancelled", visit, attached=(_ics(visit, cancelled=True),))


def reminder(message: Message) -> Words | Void:
    """A visit comes up; the one nearest to it asks whether they come, and before a treatment whether they are ready."""
    visit = _visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.BOOKED:
        return Void("The visit is no longer booked.")
    if visit.starts_at <= now():
        return Void("The visit has begun.")
    days = _days_away(visit)
    words = _words("visit-reminder", visit)
    words.context["days"] = Ahead(days)
    if message.channel == Channel.SMS:
        words.context["when"] = NearMoment(visit.starts_at, visit.site.tz, days)
        words.context["confirm"] = "" if visit.is_confirmed else Phrase("confirm")
        return words
    return _asking(words, message)


def _days_away(visit: Appointment) -> int:
    """Days to the visit from the day the message leaves, which may be later than its step: by dates at the site."""
    return (visit.starts_at.astimezone(visit.site.tz).date() - now().astimezone(visit.site.tz).date()).days


def _asking(words: Words, message: Message) -> Words:
    """The words with the link to what is asked before the visit, once it is open and not answered."""
    visit, asked = _loaded(message) or (None, None)
    token = inquiries.token_of(asked) if asked is not None and inquiry_queries.link_is_open(asked) else None
    if visit is None or asked is None or token is None or (visit.is_confirmed and not asked.parts):
        return words
    context = {**words.context, "answer_path": reverse("inquiry", args=[token]), "asks": bool(asked.parts)}
    return replace(words, context=context)


def series_booked(message: Message) -> Words | Void:
    """All visits of a plan in one message."""
    series = Series.objects.select_related("site").filter(pk=message.subject_id).first()
    if series is None or series.version != message.subject_version:
        return Void("The plan was changed since.")
    coming = Appointment.objects.filter(series=series, status__in=(Status.BOOKED, Status.HELD))
    visits = list(coming.select_related("site", "patient__user").order_by("starts_at"))
    shown = [{"when": Moment(visit.starts_at, series.site.tz), "where": _held(visit)} for visit in visits]
    context = {"visits": shown, "site": series.site.name, "address": series.site.address, "path": "/home/"}
    attached = tuple(
        _ics(visit, name=f"appointment-{visit.number}.ics") for visit in visits if visit.status == Status.BOOKED
    )
    return Words(key="series-booked" if shown else "series-cleared", context=context, attachments=attached)


def _held(visit: Appointment) -> str | Phrase:
    return Phrase("held") if visit.status == Status.HELD else ""


def visits_changed(message: Message) -> Words | Void:
    """All of a patient's visits that a repair changed, in one message: the new dates, an entry for each.

    A visit that was booked and is held now has an entry as well, or a calendar would keep the old time.
    """
    repair = Repair.objects.filter(pk=message.subject_id).first()
    if repair is None or repair.undone_at is not None:
        return Void("The change was taken back.")
    found = Appointment.objects.filter(
        pk__in=list(repair.after), patient_id=message.recipient_id, status__in=(Status.BOOKED, Status.HELD)
    )
    visits = [
        v
        for v in found.select_related("site", "patient__user").order_by("starts_at")
        if repair.after[str(v.pk)] == v.version
    ]
    if not visits:
        return Void("The visits were changed again since.")
    one = len(visits) == 1
    before = {v.pk: repair.before.get(str(v.pk)) for v in visits}
    shown = [
        {"when": Moment(v.starts_at, v.site.tz), "where": _held(v) or where(v), "was": changes.was(v, before[v.pk])}
        for v in visits
    ]
    key = changes.kind_for([changes.kind_of(v, before[v.pk]) for v in visits])
    context = {
        "visits": shown,
        "prepare": _ready(visits),
        "path": f"/visits/{visits[0].pk}/" if one else "/home/",
    }
    attached = tuple(
        _ics(visit, tentative=visit.status == Status.HELD, name=f"appointment-{number}.ics")
        for number, visit in enumerate(visits, start=1)
        if visit.status == Status.BOOKED or (repair.before.get(str(visit.pk)) or {}).get("status") == Status.BOOKED
    )
    return Words(key=key, context=context, attachments=attached)


def booster(message: Message) -> Words | Void:
    """A further visit may be due: an invitation to talk, never a calendar."""
    from scheduling.services import boosters

    order = BoosterOrder.objects.select_related("patient__site").filter(pk=message.subject_id).first()
    if order is None or order.version != message.subject_version:
        return Void("The plan has gone on since.")
    if order.status != BoosterOrder.Status.OPEN:
        return Void({"declined": "The patient declined."}.get(order.status, "The plan is closed."))
    if now().astimezone(order.patient.site.tz).date() > order.until_on:
        return Void("The plan has ended.")
    if why := boosters.why_not_now(order):
        return Void(why)
    return Words(key=message.purpose, context={"path": "/next-visit/"})


def earlier_time(message: Message) -> Words | Void:
    """A place is held for somebody on the waitlist. When it is stands behind the link and the date of birth alone."""
    offer = Offer.objects.select_related("waiting__visit__patient__site").filter(pk=message.subject_id).first()
    if offer is None or offer.status != Offer.Status.OPEN or offer.expires_at <= now():
        return Void("The offer is over.")
    if not stands(offer.waiting.visit, offer):
        return Void("The visit was changed since.")
    token = next((one for one in offers.tokens_of(offer.pk) if offers.token_hash(one) == offer.token_hash), None)
    if token is None:
        return Void("The server's key was changed since. Offer the time again.")
    until = Moment(offer.expires_at, offer.waiting.visit.patient.site.tz)
    return Words(key="earlier-time", context={"path": reverse("earlier-time", args=[token]), "until": until})


def register() -> None:
    """Make the purposes and the recipients known."""
    for purpose, label, render in [
        (notify.BOOKED, "Visit booked", booked),
        (notify.MOVED, "Visit moved", moved),
        (notify.CANCELLED, "Visit cancelled", cancelled),
        (notify.SERIES_BOOKED, "Series booked", series_booked),
        (notify.CHANGED, "Visits changed", visits_changed),
        (notify.BOOSTER_DUE, "Booster reminder", booster),
        (notify.BOOSTER_AGAIN, "Second booster reminder", booster),
        (offers.EARLIER, "Earlier time offered", earlier_time),
        *(
            (name, f"Reminder, {days} days before" if days > 1 else "Reminder, 1 day before", reminder)
            for name, days in notify.REMINDERS.items()
        ),
    ]:
        about_one = render in (booked, moved, cancelled, reminder)
        registry.register(Purpose(purpose, label, render, load=visits_of if about_one else None))
