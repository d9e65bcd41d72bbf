"""What the closing of a series or a record would end: said before anybody presses the button."""

from dataclasses import dataclass

from django.db.models import Q

from intake.models import BoosterOrder, Patient
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from scheduling.models import Appointment, CalendarFeed, Offer, Series, Status, Waiting

FREED, HERE = (Status.HELD, Status.BOOKED), (Status.ARRIVED, Status.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost. `is_here`: the patient is in the house, so that nothing can be closed now."""

    visits: list[Appointment]
    waiting: int
    offers: int
    messages: int
    booster: BoosterOrder | None
    booster_begins: bool
    feed: bool
    series: Series | None
    is_here: bool


def of_series(series: Series) -> Loss:
    """What ends with a series."""
    return _loss(Q(series=series), series.patient, series, feed=False)


def of_patient(patient: Patient) -> Loss:
    """What ends with a record, at every site."""
    series = Series.objects.filter(patient=patient, status=Series.Status.OPEN).select_related("order").first()
    feed = CalendarFeed.objects.filter(patient=patient, revoked_at__isnull=True).exists()
    return _loss(Q(patient=patient), patient, series, feed=feed)


def _loss(which: Q, patient: Patient, series: Series | None, *, feed: bool) -> Loss:
    visits = Appointment.objects.filter(which)
    freed = list(
        visits.filter(status__in=FREED, ends_at__gt=now()).select_related("site", "series__order").order_by("starts_at")
    )
    waiting = Waiting.objects.filter(status=Waiting.Status.WAITING, visit__in=[visit.pk for visit in freed])
    owed = Message.objects.filter(recipient_id=patient.pk, status=MessageStatus.OWED)
    given = series is not None and Appointment.objects.filter(series=series, status=Status.FULFILLED).exists()
    orders = BoosterOrder.objects.filter(patient=patient).order_by("-ordered_at")
    return Loss(
        visits=freed,
        waiting=waiting.count(),
        offers=Offer.objects.filter(waiting__in=waiting, status=Offer.Status.OPEN).count(),
        messages=owed.count(),
        booster=orders.filter(status__in=(BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)).first(),
        booster_begins=given,
        feed=feed,
        series=series,
        is_here=visits.filter(status__in=HERE).exists(),
    )
