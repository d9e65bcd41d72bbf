"""A patient chooses the time of a further visit, once a prescriber has looked again and speaks for it (P10).

Nothing here is a law of its own: the times that are offered are those that `booking.book` accepts from a patient.
"""

import uuid
from datetime import date, datetime

from intake.models import BoosterOrder, Patient
from intake.queries import standing
from intake.queries.reevaluations import looks_in_favour
from pacificmind.accounts.models import User
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import ACTIVE, Appointment, Kind, Status
from scheduling.queries import calendar, patient_times
from scheduling.services import booking
from scheduling.services.lawful import own_booster_days


def ready(patient: Patient) -> BoosterOrder | None:
    """The order under which the patient may choose a time now; None where a clinician looks first, or one is booked."""
    order = BoosterOrder.objects.filter(patient=patient, status=BoosterOrder.Status.OPEN).first()
    if order is None or not looks_in_favour(order).exists():
        return None
    visits = Appointment.objects.filter(patient=patient, kind=Kind.BOOSTER, status__in=ACTIVE)
    if visits.exclude(status=Status.FULFILLED).exists():
        return None
    if visits.filter(booster_order=order).count() >= order.count or standing.urgent_alert_open(patient.pk):
        return None
    return order


def coming(patient: Patient) -> Appointment | None:
    """The further visit that is booked or planned for them, if there is one."""
    found = Appointment.objects.filter(
        patient=patient, kind=Kind.BOOSTER, status__in=(Status.HELD, Status.BOOKED), ends_at__gt=now()
    )
    return found.select_related("site").order_by("starts_at").first()


def online() -> bool:
    """Whether the clinic lets patients choose these times themselves."""
    return calendar.visit_type(Kind.BOOSTER).patient_may_book


def sites_of(patient: Patient, order: BoosterOrder) -> list[Site]:
    """The sites where the decision in force covers such a visit; the patient's own first."""
    sites = sorted(Site.objects.all(), key=lambda site: (site.pk != patient.site_id, site.name))
    return [site for site in sites if own_booster_days(order, site, *patient_times.span())]


def search(order: BoosterOrder, site: Site, *, part: str = "") -> patient_times.Search:
    """The starts that a patient may choose: lawful, on the clinic's grid, within its notice and horizon."""
    days = own_booster_days(order, site, *patient_times.span())
    return patient_times.Search(
        site=site,
        kind=Kind.BOOSTER,
        patient_id=order.patient_id,
        part=part,
        lawful=lambda start: _day(start, site) in days,
    )


def _day(start: datetime, site: Site) -> date:
    return start.astimezone(site.tz).date()


def choose(*, by: User, patient: Patient, site: Site, starts_at: datetime, request_id: uuid.UUID) -> Appointment:
    """Book it for oneself. Raises BookingRefused; nobody but staff books between the clinic's grid."""
    wall = starts_at.astimezone(site.tz)
    if (60 * wall.hour + wall.minute) % ClinicSettings.current().grid_minutes or wall.second or wall.microsecond:
        raise errors.OutsideHours
    order = BoosterOrder.objects.filter(patient=patient, status=BoosterOrder.Status.OPEN).first()
    if order is None:
        raise errors.ReviewNeeded
    if _other_coming(patient, starts_at):
        raise errors.HasOne(**booking.HAS_BOOSTER)
    wish = booking.Wish(
        patient_id=patient.pk, kind=Kind.BOOSTER, site_id=site.pk, starts_at=starts_at, booster_order_id=order.pk
    )
    return booking.book(by=by, wish=wish, request_id=request_id)


def _other_coming(patient: Patient, starts_at: datetime) -> bool:
    """Whether one is planned at another time; the same time may be a form sent twice."""
    coming = Appointment.objects.filter(
        patient=patient, kind=Kind.BOOSTER, status__in=(Status.HELD, Status.BOOKED), ends_at__gt=now()
    )
    return coming.exclude(starts_at=starts_at).exists()
