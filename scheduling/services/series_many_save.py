"""Save several series in one transaction that checks everything again: all of them, or none."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from psycopg2.extras import NumericRange

from intake.models import Patient, SeriesOrder
from intake.queries.standing_bulk import Standing, standings
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.idempotency.services import once
from scheduling.domain import errors, places
from scheduling.domain.walltime import DAY, day_of
from scheduling.models import Appointment, Kind, Room, Series
from scheduling.queries import calendar
from scheduling.queries.series_many import MOST
from scheduling.services import authority, booking, notify, protocol
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import law_checked_at_the_end
from scheduling.services.repair_book import Spot
from scheduling.services.series import begin_series
from scheduling.services.series_many_days import TAKEN, Days


@dataclass(frozen=True)
class SeriesPlan:
    """The visits of one order."""

    order_id: uuid.UUID
    spots: Sequence[Spot]


class OneRefused(errors.BookingRefused):
    """One of the series can no longer be laid out as proposed, so that none was saved. `order_id` says which."""

    code = "one-refused"

    def __init__(self, order_id: uuid.UUID, why: errors.BookingRefused) -> None:
        super().__init__(why.say)
        self.order_id = order_id


def lay_out_many(
    *, by: User, site_id: str, plans: Sequence[SeriesPlan], request_id: uuid.UUID | None = None
) -> list[Series]:
    """Lay out every one of these series, each as `series.lay_out` would; each patient is owed one message.

    Raises OneRefused, and saves nothing, when one visit of one of them is no longer free or lawful.
    """
    asked = {"site": site_id, "plans": [asdict(plan) for plan in plans]}
    with transaction(), once(request_id, user_id=by.pk, intent="lay out many", asked=asked) as request:
        if request.repeated:
            return list(Series.objects.filter(pk__in=request.result["series"]))
        authority.needs_staff(by, site_id)
        booking.desk_books(by, calendar.visit_type(Kind.INFUSION), site_id)
        work = _Work.of(by, site_id, plans)
        series = [work.lay_out(plan) for plan in plans]
        request.result = {"series": [str(one.pk) for one in series]}
    return series


@dataclass(frozen=True)
class _Work:
    """What is read once, under the locks."""

    by: User
    site: Site
    orders: dict[uuid.UUID, SeriesOrder]
    patients: dict[uuid.UUID, Patient]
    standing: dict[uuid.UUID, Standing]
    rooms: dict[uuid.UUID, Room]
    days: Days

    @classmethod
    def of(cls, by: User, site_id: str, plans: Sequence[SeriesPlan]) -> "_Work":
        if not 0 < len(plans) <= MOST or not all(plan.spots for plan in plans):
            raise errors.BookingRefused("Choose the series to lay out first.")
        site = Site.objects.get(pk=site_id)
        orders = SeriesOrder.objects.select_related("clearance").in_bulk([plan.order_id for plan in plans])
        patients = {order.clearance.patient_id for order in orders.values()}
        booking.lock_supply(site.pk, Kind.INFUSION, patients=patients)
        days = Days.of(site, [spot.starts_at for plan in plans for spot in plan.spots])
        rooms = Room.objects.filter(site=site).in_bulk()
        return cls(by, site, orders, Patient.objects.in_bulk(patients), standings(patients), rooms, days)

    def lay_out(self, plan: SeriesPlan) -> Series:
        """One series; raises OneRefused."""
        try:
            return self._lay_out(plan)
        except errors.BookingRefused as refused:
            raise OneRefused(plan.order_id, refused) from refused

    def _lay_out(self, plan: SeriesPlan) -> Series:
        order = self.orders.get(plan.order_id)
        if order is None:
            raise errors.BookingRefused("This order is no longer there.")
        patient = self.patients[order.clearance.patient_id]
        if patient.status != Patient.Status.ACTIVE:
            raise errors.BookingRefused("This patient's record is closed. Open it again before booking.")
        series = begin_series(self.by, order, self.site)
        visits = self._write(series, patient, sorted(plan.spots, key=lambda spot: spot.starts_at))
        changes = {"visits": len(visits)}
        record(Action.CREATE, "lay out a series", by=self.by, subject=series, patient_id=patient.pk, changes=changes)
        notify.series_booked(series, visits)
        return series

    def _write(self, series: Series, patient: Patient, spots: Sequence[Spot]) -> list[Appointment]:
        """Insert the visits, and check the law over the whole of them."""
        days = [day_of(spot.starts_at, self.site.tz) for spot in spots]
        if len(days) != series.order.infusions:
            raise errors.SeriesFull
        for spot in (spots[0], spots[-1]):
            booking.in_time(spot.starts_at, as_patient=False, kind=Kind.INFUSION)
            protocol.check_infusions(series, protocol.series_days(series), days, by=self.by)
        met = self._met(patient.pk, days)
        busy = calendar.patient_busy(patient.pk, from_day=days[0], until_day=days[-1] + DAY, zone=self.site.tz)
        dealt = places.redeal(protocol.treatment_days(patient.pk), days)
        with law_checked_at_the_end():
            Appointment.objects.bulk_create(
                self._visit(series, patient, self.days.take(spot, busy), number=number, place=dealt[day], ok=met)
                for number, (spot, day) in enumerate(zip(spots, days, strict=True), start=1)
            )
            protocol.settle(patient.pk, series)
        return list(Appointment.objects.filter(series=series).select_related("site").order_by("starts_at"))

    def _met(self, patient_id: uuid.UUID, days: Sequence[date]) -> bool:
        """P6 and P7 as `protocol.needs_standing` asks them, for every day of the series; read once for all patients."""
        standing = self.standing[patient_id]
        if not all(standing.covers(on=day, site_id=self.site.pk, kind=Kind.INFUSION) for day in days):
            raise errors.NotCleared
        if standing.urgent:
            raise errors.SafetyHold
        return standing.consent and all(
            standing.ready(on=day, site_id=self.site.pk, kind=Kind.INFUSION) for day in days
        )

    def _visit(self, series: Series, patient: Patient, spot: Spot, *, number: int, place: int, ok: bool) -> Appointment:
        found = calendar.visit_type(Kind.INFUSION)
        room, ends_at = (
            self.rooms.get(spot.room_id) if spot.room_id else None,
            spot.starts_at + timedelta(minutes=found.minutes),
        )
        if room is None:
            raise errors.SlotTaken(TAKEN)
        return Appointment(
            kind=Kind.INFUSION,
            patient=patient,
            site=self.site,
            zone=self.site.zone,
            room=room,
            clinician_id=spot.clinician_id,
            lanes=NumericRange(spot.lanes[0], spot.lanes[1], "[)"),
            starts_at=spot.starts_at,
            ends_at=ends_at,
            room_free_at=ends_at + calendar.turnover_of(room, found),
            series=series,
            number=number,
            weekly_place=place,
            status=protocol.status_for(Kind.INFUSION, standing_ok=ok, number=number, series=series),
            made_by=self.by,
            escort_name=patient.escort_name,
            escort_phone=str(patient.escort_phone or ""),
        )
