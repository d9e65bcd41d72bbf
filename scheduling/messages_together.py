"""Messages about several visits at once: a plan, those of it that wait, all that a repair changed for one patient."""

import uuid
from collections.abc import Sequence

from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.registry import Void, Words
from pacificmind.messaging.said import Moment, Phrase
from scheduling import messages_words as changes
from scheduling.messages_parts import entry, held_line, ready, where
from scheduling.models import Appointment, Repair, Series, Status
from scheduling.services import notify


def series_booked(message: Message) -> Words | Void:
    """All visits of a plan in one message."""
    series = Series.objects.select_related("site").filter(pk=message.subject_id).first()
    if series is None or series.version != message.subject_version:
        return Void("The plan was changed since.")
    coming = Appointment.objects.filter(series=series, status__in=(Status.BOOKED, Status.HELD))
    visits = list(coming.select_related("site", "patient__user").order_by("starts_at"))
    shown = [{"when": Moment(visit.starts_at, series.site.tz), "where": held_line(visit)} for visit in visits]
    context = {"visits": shown, "site": series.site.name, "address": series.site.address, "path": "/home/"}
    attached = tuple(
        entry(visit, name=f"appointment-{visit.number}.ics") for visit in visits if visit.status == Status.BOOKED
    )
    return Words(key="series-booked" if shown else "series-cleared", context=context, attachments=attached)


def visits_changed(message: Message) -> Words | Void:
    """All of a patient's visits that a repair changed, in one message: the new dates, an entry for each.

    Each as it stands when the message leaves: what was held or booked since is told here alone. A cancellation that had
    not left when the repair was made is told here as well: beside what takes its place, if anything.
    A visit that was booked and is held now has an entry as well, or a calendar would keep the old time.
    """
    repair = Repair.objects.filter(pk=message.subject_id).first()
    if repair is None or repair.undone_at is not None:
        return Void("The change was taken back.")
    changed, booked = _standing(repair, message.recipient_id)
    gone = _gone_with(repair, message.recipient_id)
    if not changed and not booked:
        return taken_out(gone) if gone else Void("Nothing is new about these visits any more.")
    before = {v.pk: repair.before.get(str(v.pk)) for v in changed}
    news = {v.pk: changes.kind_of(v, before[v.pk]) for v in changed}
    was = {v.pk: changes.was(v, before[v.pk]) for v in changed}
    instead = changes.pairs([v for v in changed if before[v.pk] is None], gone)
    for visit, old in instead:
        news[visit.pk], was[visit.pk] = changes.in_place_of(visit, old)
    for visit in booked:
        news[visit.pk], was[visit.pk] = changes.News.TIME_STAYS, changes.BOOKED_NOW
    visits = sorted([*changed, *booked], key=lambda one: one.starts_at)
    shown = [
        {"when": Moment(v.starts_at, v.site.tz), "where": held_line(v) or where(v), "was": was[v.pk]} for v in visits
    ]
    left = [v for v in gone if v not in [old for _, old in instead]]
    shown += [{"when": changes.known_start(v), "where": Phrase("taken_out"), "was": ""} for v in left]
    one = len(shown) == 1
    key = changes.kind_for([*news.values(), *(changes.News.MOVED for _ in left)])
    context = {
        "visits": shown,
        "prepare": ready(visits),
        "path": f"/visits/{visits[0].pk}/" if one else "/home/",
    }
    attached = [
        entry(visit, tentative=visit.status == Status.HELD, name=f"appointment-{number}.ics")
        for number, visit in enumerate(visits, start=1)
        if visit.status == Status.BOOKED or (repair.before.get(str(visit.pk)) or {}).get("status") == Status.BOOKED
    ]
    attached += [
        entry(visit, cancelled=True, name=f"appointment-{number}.ics")
        for number, visit in enumerate(gone, start=len(visits) + 1)
    ]
    return Words(key=key, context=context, attachments=tuple(attached))


def _standing(repair: Repair, patient_id: uuid.UUID) -> tuple[list[Appointment], list[Appointment]]:
    """Of the patient's visits that stand: those this repair changed, and those it tells of as booked, by time.

    As they are now, also where one was held or booked since, which has no message of its own then (`waits_for_repair`).
    """
    found = Appointment.objects.filter(
        pk__in=[*repair.after, *repair.booked], patient_id=patient_id, status__in=(Status.BOOKED, Status.HELD)
    )
    told = _told_elsewhere(repair, visits := list(found.select_related("site", "patient__user").order_by("starts_at")))
    mine = [visit for visit in visits if visit.pk not in told]
    changed = [
        visit
        for visit in mine
        if str(visit.pk) in repair.after and not changes.is_no_news(visit, repair.before.get(str(visit.pk)))
    ]
    booked = [visit for visit in mine if str(visit.pk) not in repair.after and visit.status == Status.BOOKED]
    return changed, booked


def _told_elsewhere(repair: Repair, visits: Sequence[Appointment]) -> set[uuid.UUID]:
    """Those of which a message of their own tells, or one of a later repair."""
    since = [visit for visit in visits if repair.after.get(str(visit.pk)) != visit.version]
    if not since:
        return set()
    versions = {visit.pk: visit.version for visit in since}
    own = Message.objects.filter(subject_id__in=versions, purpose__in=(notify.BOOKED, notify.MOVED, notify.HELD))
    rows = own.exclude(status=MessageStatus.VOID).values_list("subject_id", "subject_version")
    told = {pk for pk, version in rows if version == versions[pk]}
    others = Repair.objects.filter(after__has_any_keys=[str(pk) for pk in versions], undone_at=None).exclude(
        pk=repair.pk
    )
    for other in others:
        told |= {pk for pk in versions if other.after.get(str(pk), 0) > repair.after.get(str(pk), 0)}
    return told


def _gone_with(repair: Repair, patient_id: uuid.UUID) -> list[Appointment]:
    """The patient's cancelled visits that this repair has to tell of, by time."""
    found = Appointment.objects.filter(pk__in=repair.cancelled, patient_id=patient_id, status=Status.CANCELLED)
    return list(found.select_related("site", "patient__user").order_by("starts_at"))


def visits_held(message: Message) -> Words | Void:
    """Several visits of a plan wait for a clinician, at their times."""
    series = Series.objects.select_related("site").filter(pk=message.subject_id).first()
    if series is None or series.version != message.subject_version:
        return Void("The plan was changed since.")
    coming = Appointment.objects.filter(series=series, status=Status.HELD, starts_at__gt=now())
    visits = list(coming.select_related("site", "patient__user").order_by("starts_at"))
    if not visits:
        return Void("No visit waits any longer.")
    shown = [{"when": Moment(visit.starts_at, series.site.tz), "where": where(visit)} for visit in visits]
    attached = tuple(entry(visit, tentative=True, name=f"appointment-{visit.number}.ics") for visit in visits)
    return Words(key="visits-held", context={"visits": shown, "path": "/home/"}, attachments=attached)


def taken_out(visits: Sequence[Appointment], *, start: int = 1) -> Words:
    """Cancelled visits, each at the time its patient knows, with the entries that take them out of a calendar."""
    one = len(visits) == 1
    shown = [
        {"when": changes.known_start(v), "where": where(v) if one else Phrase("taken_out"), "was": ""} for v in visits
    ]
    attached = tuple(
        entry(visit, cancelled=True, name="appointment.ics" if one else f"appointment-{number}.ics")
        for number, visit in enumerate(visits, start=start)
    )
    context = {"visits": shown, "prepare": "", "path": f"/visits/{visits[0].pk}/" if one else "/home/"}
    return Words(key="visit-cancelled" if one else "visits-changed", context=context, attachments=attached)
