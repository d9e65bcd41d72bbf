"""What patients are owed about their visits: rows in the ledger, in the transaction of the booking."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from intake.models import BoosterOrder
from intake.services import inquiries
from pacificmind.clinic.models import MOST_REMINDER_DAYS, ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Message, Recipient
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.messaging.quiet import moved_earlier
from pacificmind.messaging.registry import address_of
from pacificmind.messaging.services import Owed, owe_all, void
from scheduling.domain.walltime import wall_of
from scheduling.models import Appointment, Repair, Series, Status
from scheduling.models.appointment import TREATMENTS

BOOKED, MOVED, CANCELLED, SERIES_BOOKED = "visit-booked", "visit-moved", "visit-cancelled", "series-booked"
CHANGED, HELD, ALL_HELD = "visits-changed", "visit-held", "visits-held"
MOVED_AWAY = "The visit was moved."
HELD_AGAIN, CONFIRMED = "The visit is not confirmed any more.", "The visit is confirmed again."
#: Purposes of reminders with their whole days before the visit, at the same wall time; the clinic chooses which.
REMINDERS = {f"visit-reminder-{24 * days}h": days for days in range(1, MOST_REMINDER_DAYS + 1)}
READY_WITHIN = timedelta(hours=36)  # what is written this close to a treatment asks whether the patient is ready
BOOSTER_DUE, BOOSTER_AGAIN = "booster-due", "booster-again"
BOOSTER_HOUR = 10  # local wall clock: a decent hour. Clinic's setting


def reaches(patient_id: uuid.UUID) -> bool:
    """Whether mail about visits reaches them: who was entered without an address, or wants no mail, is called."""
    address = address_of(Recipient.PATIENT, patient_id)
    return address is not None and bool(address.email) and address.may_email


def grace_ends() -> datetime:
    """When messages leave of what staff may repair first, so that one mail tells of both."""
    return now() + timedelta(minutes=ClinicSettings.current().repair_grace_minutes)


def visit_booked(visit: Appointment, *, leaves_at: datetime | None = None) -> None:
    """A confirmation and the reminders. A held visit is owed nothing until it is released."""
    if visit.status == Status.BOOKED:
        is_news = visit.version == 1 or not (_was_held_for_a_moment(visit) or waits_for_repair([visit]))
        owe_all([*([about(visit, BOOKED, leaves_at or now())] if is_news else []), *reminders([visit])])


def _was_held_for_a_moment(visit: Appointment) -> bool:
    """Whether nobody was told that it waited: for its patient it was booked all the time. They need not be told now."""
    return void(visit.pk, why=CONFIRMED, purposes=[HELD]) > 0


def waits_for_repair(visits: Sequence[Appointment]) -> set[uuid.UUID]:
    """Those of which a repair's message that has not left will tell, as they stand when it leaves.

    One that a worker has in hand, and has read the visits for, is read anew after the caller's transaction.
    """
    owed = Message.objects.filter(
        status=MessageStatus.OWED, purpose=CHANGED, recipient_id__in={visit.patient_id for visit in visits}
    )
    owed.update(claimed_at=None)  # the row is locked now, and who holds it finds at its last look that it is not theirs
    repairs = Repair.objects.filter(pk__in=list(owed.values_list("subject_id", flat=True)))
    return {visit.pk for one in repairs for visit in visits if one.tells_of(visit.pk)}


def last_told(visit: Appointment) -> datetime | None:
    """The start that the patient knows of, asked before it moves; None where its booking was not told yet.

    That of now, unless the message about it is still owed: what nobody has read is not taken back.
    """
    return told_start(visit, start=visit.starts_at, moved_from=visit.moved_from)


def told_start(visit: Appointment, *, start: datetime, moved_from: datetime | None) -> datetime | None:
    """The same for a visit that has moved already: with its start and `moved_from` of before."""
    unsent = Message.objects.filter(status=MessageStatus.OWED).filter(
        Q(subject_id=visit.pk, purpose__in=(BOOKED, MOVED)) | Q(recipient_id=visit.patient_id, purpose=CHANGED)
    )
    owed = set(unsent.values_list("purpose", "subject_id"))
    pks = [subject for purpose, subject in owed if purpose == CHANGED]
    repairs = list(Repair.objects.filter(pk__in=pks)) if pks else []
    if (BOOKED, visit.pk) in owed or any(str(visit.pk) in one.booked for one in repairs):
        return None
    if (MOVED, visit.pk) in owed or any(str(visit.pk) in one.after for one in repairs):
        return moved_from
    return start


def visit_moved(
    visit: Appointment,
    *,
    other_clinician: bool = False,
    was_booked: bool = False,
    leaves_at: datetime | None = None,
) -> None:
    """What was owed for the old place is void; the reminders are owed anew, and the news where there are any.

    Another room at the same time is none: a mail about it would only make the patient wonder what has changed. A visit
    that `was_booked`, or that they were asked to keep free, and is held at its new time is told: nobody may come at the
    old one. One that is held at the time it had is told as that. `leaves_at`: later than at once; no reminder before.
    """
    known = was_booked or (visit.status == Status.HELD and _keeps_free(visit))
    void(visit.pk, why=MOVED_AWAY, before_version=visit.version)
    elsewhen, due_at = visit.moved_from != visit.starts_at, leaves_at or now()
    if visit.status == Status.BOOKED:
        news = other_clinician or elsewhen
        owe_all([*([about(visit, MOVED, due_at)] if news else []), *reminders([visit], after=leaves_at)])
    elif known and visit.moved_from is not None:
        owe_all([about(visit, MOVED if elsewhen else HELD, due_at)])


def is_owed_news(visit: Appointment) -> bool:
    """Whether the patient is about to be told of the visit as it is now."""
    news = Message.objects.filter(subject_id=visit.pk, subject_version=visit.version, status=MessageStatus.OWED)
    return news.filter(purpose__in=(BOOKED, MOVED, HELD)).exists()


def _keeps_free(visit: Appointment) -> bool:
    """Whether the patient was asked, or is about to be, to keep the time of a held visit free."""
    about = Q(subject_id=visit.pk, purpose=HELD) | Q(subject_id=visit.series_id, purpose=ALL_HELD)
    return Message.objects.filter(about).exclude(status=MessageStatus.VOID).exists()


def visits_held(series: Series, visits: list[Appointment], *, leaves_at: datetime | None = None) -> None:
    """Booked visits of a series were put back to held at their times: one message asks to keep them free.

    Of a visit whose booking was not told yet there is nothing to take back; one whose new time was not told yet is told
    with it. What is still owed about the whole series, or by a repair, says itself which are held.
    `leaves_at`: later than at once.
    """
    if not visits:
        return
    with_repair, due_at = waits_for_repair(visits), leaves_at or now()
    told = [(visit, last_told(visit)) for visit in visits if visit.pk not in with_repair]
    for visit in visits:
        void(visit.pk, why=HELD_AGAIN, before_version=visit.version)
    if void(series.pk, why=HELD_AGAIN, purposes=[SERIES_BOOKED]):
        owe_all([_of_series(series, SERIES_BOOKED, leaves_at=leaves_at)])
        return
    same = [visit for visit, start in told if start == visit.starts_at]
    owe_all([about(visit, MOVED, due_at) for visit, start in told if start not in (None, visit.starts_at)])
    if len(same) > 1:
        owe_all([_of_series(series, ALL_HELD, leaves_at=leaves_at)])
    else:
        owe_all([about(visit, HELD, due_at) for visit in same])


def _of_series(series: Series, purpose: str, *, anew: bool = True, leaves_at: datetime | None = None) -> Owed:
    """A message about the whole series; `anew` gives it a version of its own, for it is owed once for each."""
    if anew:
        series.refresh_from_db(fields=["version"])
        series.version += 1
        series.save(update_fields=["version"])
    due_at = leaves_at or now()
    return Owed(purpose, series, series.version, Recipient.PATIENT, series.patient_id, due_at, site_id=series.site_id)


def visit_cancelled(visit: Appointment, *, leaves_at: datetime | None = None) -> None:
    """What was owed is void; the patient is told once, and of the time they know.

    `leaves_at`: later, so that a repair which follows can tell of it together with what takes its place.
    """
    known = last_told(visit)
    if known != visit.moved_from:
        visit.moved_from = known
        visit.save(update_fields=["moved_from"])
    void(visit.pk, why="The visit was cancelled.")
    owe_all([about(visit, CANCELLED, leaves_at or now())])


def visit_over(visit: Appointment) -> None:
    """Nothing more is owed about a visit that took place or was missed."""
    void(visit.pk, why="The visit is over.")


def series_booked(
    series: Series, visits: list[Appointment], *, anew: bool = False, leaves_at: datetime | None = None
) -> None:
    """One message for the whole series, and each booked visit's reminders; `anew` where there was one before."""
    booked = (visit for visit in visits if visit.status == Status.BOOKED)
    owe_all([_of_series(series, SERIES_BOOKED, anew=anew, leaves_at=leaves_at), *reminders(booked)])


def held_booked(
    series: Series | None, visits: list[Appointment], *, anew: bool = True, leaves_at: datetime | None = None
) -> None:
    """Held visits are booked now: a message about the one, or one about the series for several of them.

    One about the series as well where the patient was about to be asked to keep several of its times free; `anew`
    unless the caller gave the series its new version.
    """
    with_repair = waits_for_repair(visits)
    several = [
        visit for visit in visits if series is not None and visit.series_id == series.pk and visit.pk not in with_repair
    ]
    asked = series is not None and bool(several) and void(series.pk, why=CONFIRMED, purposes=[ALL_HELD]) > 0
    if series is not None and (asked or len(several) > 1):
        series_booked(series, several, anew=anew, leaves_at=leaves_at)
    else:
        several = []
    for visit in visits:
        if visit not in several:
            visit_booked(visit, leaves_at=leaves_at)


def reminders_only(visit: Appointment) -> None:
    """The reminders of a visit whose booking is told in a message with others."""
    owe_all(reminders([visit]))


def boosters_owed(order: BoosterOrder, *, site_id: str, zone: ZoneInfo) -> None:
    """The reminder when the window opens and the second when half of it has passed (read again before they leave)."""
    if order.started_on is None or order.as_needed:
        return
    opens_on = order.started_on + timedelta(days=order.after_days)
    again_on = opens_on + timedelta(days=order.window_days // 2)
    rows = [
        Owed(purpose, order, order.version, Recipient.PATIENT, order.patient_id, due, site_id=site_id)
        for purpose, on in ((BOOSTER_DUE, opens_on), (BOOSTER_AGAIN, again_on))
        if on <= order.until_on
        and (due := datetime(on.year, on.month, on.day, BOOSTER_HOUR, tzinfo=zone).astimezone(UTC))
    ]
    owe_all(rows)


def about(visit: Appointment, purpose: str, due_at: datetime, channel: str = Channel.EMAIL) -> Owed:
    """A message about one visit as it is now."""
    return Owed(
        purpose, visit, visit.version, Recipient.PATIENT, visit.patient_id, due_at, channel=channel,
        site_id=visit.site_id,
    )  # fmt: skip


def reminders(visits: Iterable[Appointment], *, after: datetime | None = None) -> list[Owed]:
    """What reminds of these visits, by mail and by text, as the clinic's settings say; and the questions before them.

    Reminder steps are whole days at the same wall time; one that is past when the visit is booked is not owed, nor one
    that would leave before `after`. A text that would come at night leaves earlier, at a decent hour.
    """
    clinic = ClinicSettings.current()
    steps = [(Channel.EMAIL, days) for days in clinic.mail_reminder_days]
    steps += [(Channel.SMS, days) for days in clinic.text_reminder_days]
    asked = list(visits)
    inquiries.make([_questions(visit, clinic) for visit in asked])
    soonest = max(now(), after or now())
    return [
        about(visit, f"visit-reminder-{24 * days}h", due, channel)
        for visit in asked
        for channel, days in steps
        if (due := _step(visit, days, channel)) > soonest
    ]


def _step(visit: Appointment, days: int, channel: Channel) -> datetime:
    """When a reminder is due."""
    zone = visit.site.tz
    # A wall time in the spring gap reads as the hour after it here: a reminder may, a visit may not.
    due = (wall_of(visit.starts_at, zone) - timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)
    return moved_earlier(due, zone) if channel == Channel.SMS else due


def _questions(visit: Appointment, clinic: ClinicSettings) -> inquiries.Wanted:
    """What is asked before a visit: whether they come, and before a treatment whether they are ready."""
    nearest = timedelta(days=min(clinic.mail_reminder_days, default=1), hours=1)
    return inquiries.Wanted(
        patient_id=visit.patient_id,
        site_id=visit.site_id,
        visit_id=visit.pk,
        visit_version=visit.version,
        days_after=0,
        opens_at=visit.starts_at - max(READY_WITHIN, nearest),
        expires_at=visit.starts_at,
        asks=visit.kind in TREATMENTS,
    )
