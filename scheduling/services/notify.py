"""What patients are owed about their visits: rows in the ledger, in the transaction of the booking."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from intake.models import BoosterOrder
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.registry import address_of
from pacificmind.messaging.services import Owed, owe_many, void
from scheduling.domain.walltime import wall_of
from scheduling.models import Appointment, Repair, Series, Status

BOOKED, MOVED, CANCELLED, SERIES_BOOKED = "visit-booked", "visit-moved", "visit-cancelled", "series-booked"
CHANGED = "visits-changed"
REPAIRED = "The visit was changed together with others."
REMINDERS = {"visit-reminder-72h": 3, "visit-reminder-24h": 1}  # whole days before, at the same wall time
BOOSTER_DUE, BOOSTER_AGAIN = "booster-due", "booster-again"
BOOSTER_HOUR = 10  # local wall clock: a decent hour. Clinic's setting


def reaches(patient_id: uuid.UUID) -> bool:
    """Whether mail about visits reaches them: who was entered without an address, or wants no mail, is called."""
    address = address_of(Recipient.PATIENT, patient_id)
    return address is not None and bool(address.email) and address.may_email


def visit_booked(visit: Appointment) -> None:
    """A confirmation and the reminders. A held visit is owed nothing until it is released."""
    if visit.status == Status.BOOKED:
        owe_many([_about(visit, BOOKED, now()), *_reminders(visit)])


def visit_moved(visit: Appointment) -> None:
    """What was owed for the old time is void; the new time and its reminders are owed."""
    void(visit.pk, why="The visit was moved.", before_version=visit.version)
    if visit.status == Status.BOOKED:
        owe_many([_about(visit, MOVED, now()), *_reminders(visit)])


def visit_cancelled(visit: Appointment) -> None:
    """What was owed is void; the patient is told once."""
    void(visit.pk, why="The visit was cancelled.")
    owe_many([_about(visit, CANCELLED, now())])


def visit_over(visit: Appointment) -> None:
    """Nothing more is owed about a visit that took place or was missed."""
    void(visit.pk, why="The visit is over.")


def series_booked(series: Series, visits: list[Appointment]) -> None:
    """One message for the whole series, and each booked visit's reminders."""
    message = Owed(
        SERIES_BOOKED, series, series.version, Recipient.PATIENT, series.patient_id, now(), site_id=series.site_id
    )
    owe_many([message, *(row for visit in visits if visit.status == Status.BOOKED for row in _reminders(visit))])


def held_booked(series: Series | None, visits: list[Appointment]) -> None:
    """Held visits are booked now: a message about the one, or one about the series for several of them."""
    several = [visit for visit in visits if series is not None and visit.series_id == series.pk]
    if series is not None and len(several) > 1:
        series_booked(series, several)
    else:
        several = []
    for visit in visits:
        if visit not in several:
            visit_booked(visit)


def visits_changed(repair: Repair, patient_id: uuid.UUID, visits: list[Appointment]) -> None:
    """One message for all of a patient's visits that a repair changed, once its grace is over, and their reminders.

    What was owed for the old times is void. No reminder leaves before the message that tells of the new time.
    """
    for visit in visits:
        void(visit.pk, why=REPAIRED, before_version=visit.version)
    site_id = visits[0].site_id
    message = Owed(CHANGED, repair, 1, Recipient.PATIENT, patient_id, repair.leaves_at, site_id=site_id)
    booked = [visit for visit in visits if visit.status == Status.BOOKED]
    owe_many([message, *(row for visit in booked for row in _reminders(visit, after=repair.leaves_at))])


def visit_restored(visit: Appointment, *, version_before: int) -> None:
    """A repair was undone before anybody was told: what it took back is owed again, for the version of now."""
    void(visit.pk, why="The change was taken back.", before_version=visit.version)
    if visit.status != Status.BOOKED:
        return
    lost = Message.objects.filter(
        subject_id=visit.pk, subject_version=version_before, why=REPAIRED, purpose__in=(BOOKED, MOVED)
    )
    again = [_about(visit, purpose, now()) for purpose in lost.values_list("purpose", flat=True)]
    owe_many([*again[:1], *_reminders(visit)])


def reminders_only(visit: Appointment) -> None:
    """The reminders of a visit whose booking is told in a message with others."""
    owe_many(_reminders(visit))


def boosters_owed(order: BoosterOrder, *, site_id: str, zone: ZoneInfo) -> None:
    """The reminder when the window opens and the second when half of it has passed (read again before they leave)."""
    if order.started_on is None:
        return
    opens_on = order.started_on + timedelta(days=order.after_days)
    again_on = opens_on + timedelta(days=order.window_days // 2)
    rows = [
        Owed(purpose, order, order.version, Recipient.PATIENT, order.patient_id, due, site_id=site_id)
        for purpose, on in ((BOOSTER_DUE, opens_on), (BOOSTER_AGAIN, again_on))
        if on <= order.until_on
        and (due := datetime(on.year, on.month, on.day, BOOSTER_HOUR, tzinfo=zone).astimezone(UTC))
    ]
    owe_many(rows)


def _about(visit: Appointment, purpose: str, due_at: datetime) -> Owed:
    return Owed(purpose, visit, visit.version, Recipient.PATIENT, visit.patient_id, due_at, site_id=visit.site_id)


def _reminders(visit: Appointment, *, after: datetime | None = None) -> list[Owed]:
    """Reminder steps are whole days at the same wall time; one that is past when the visit is booked is not owed.

    `after`: nor one that would leave before this.
    """
    wall = wall_of(visit.starts_at, visit.site.tz)
    found = []
    for purpose, days in REMINDERS.items():
        # A wall time in the spring gap reads as the hour after it here: a reminder may, a visit may not.
        due = (wall - timedelta(days=days)).replace(tzinfo=visit.site.tz).astimezone(UTC)
        if due > max(now(), after or now()):
            found.append(_about(visit, purpose, due))
    return found
