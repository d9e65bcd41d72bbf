"""A series: laid out whole. What becomes of it afterwards is in `stages`, and reached through here as well."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from intake.models import Patient, SeriesOrder
from intake.queries import standing
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.idempotency.services import once
from pacificmind.prepared import Prepared, PreparedValues, Told, insert
from scheduling.domain import errors
from scheduling.domain.places import redeal
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Deviation, Kind, Series
from scheduling.queries import calendar
from scheduling.services import authority, booking, notify, protocol
from scheduling.services.locks import booking as transaction
from scheduling.services.locks import law_checked_at_the_end
from scheduling.services.placing import supply_of
from scheduling.services.stages import (
    after_fulfilled,
    align_stage,
    fulfilled,
    open_review,
    promote,
    release_stage,
    review_pause,
)

__all__ = [
    "Slot",
    "after_fulfilled",
    "align_stage",
    "fulfilled",
    "lay_out",
    "open_review",
    "planned_deviations",
    "promote",
    "release_stage",
    "review_pause",
]

_ORDER = Prepared(lambda: SeriesOrder.objects.select_related("clearance").filter(pk=Told("order")))
_SERIES_OF = PreparedValues(lambda: Series.objects.filter(patient=Told("patient")).values_list("order", "status"))
_VISITS = Prepared(
    lambda: Appointment.objects.filter(series=Told("series")).select_related("site").order_by("starts_at")
)


@dataclass(frozen=True)
class Slot:
    """One visit of a layout."""

    starts_at: datetime
    room_id: uuid.UUID
    clinician_id: uuid.UUID


def lay_out(
    *,
    by: User | None,
    order_id: uuid.UUID,
    site_id: str,
    slots: Sequence[Slot],
    deviation_reason: str = "",
    request_id: uuid.UUID | None = None,
) -> Series:
    """Save a whole series in one transaction: the first stage booked, the rest held; everything is checked again.

    Raises a BookingRefused and saves nothing when one visit of it is no longer free or lawful.
    """
    asked = {"order": order_id, "site": site_id, "slots": [asdict(slot) for slot in slots], "why": deviation_reason}
    with transaction(), once(request_id, user_id=by.pk if by else None, intent="lay out", asked=asked) as request:
        if request.repeated:
            return Series.objects.get(pk=request.result["series"])
        authority.needs_staff(by, site_id)
        booking.desk_books(by, calendar.visit_type(Kind.INFUSION), site_id)
        order = _order(order_id)
        patient_id = order.clearance.patient_id
        booking.lock_supply(site_id, Kind.INFUSION, patients=[patient_id])
        patient, site = booking.patient_at(patient_id, site_id)
        if patient.status != Patient.Status.ACTIVE:
            raise errors.BookingRefused("This patient's record is closed. Open it again before booking.")
        series = begin_series(by, order, site)
        visits = _write_all(by, series, patient, site, slots, deviation_reason)
        request.result = {"series": str(series.pk)}
        record(
            Action.CREATE,
            "lay out a series",
            by=by,
            subject=series,
            patient_id=patient_id,
            changes={"visits": len(visits)},
        )
        notify.series_booked(series, visits)
    return series


def begin_series(by: User | None, order: SeriesOrder, site: Site) -> Series:
    """The series of an order, without visits yet, under the caller's locks; a BookingRefused where it may have none."""
    patient_id = order.clearance.patient_id
    known = _SERIES_OF(patient=patient_id)
    if any(own == order.pk for own, _ in known):
        raise errors.SeriesFull("This order has its series already (P1). Another one needs a new order.")
    if any(status == Series.Status.OPEN for _, status in known):
        raise errors.SeriesFull("This patient has an open series. Close it before another one begins.")
    decision = standing.latest_decision(patient_id)
    if decision is None or decision.pk != order.clearance_id:
        raise errors.NotCleared  # a newer decision took the place of the one this order came with
    size = ClinicSettings.current().stage_size
    series = Series(
        patient_id=patient_id,
        site=site,
        clearance=order.clearance,
        order=order,
        stage_size=size,
        released_to=min(size, order.infusions),
        made_by=by,
    )
    insert(series)
    return series


def _order(order_id: uuid.UUID) -> SeriesOrder:
    found = _ORDER.first(order=order_id)
    if found is None:
        raise SeriesOrder.DoesNotExist
    return found


def _write_all(
    by: User | None, series: Series, patient: Patient, site: Site, slots: Sequence[Slot], deviation_reason: str
) -> list[Appointment]:
    """Insert all visits of the layout and check the law over the whole of them."""
    ordered = sorted(slots, key=lambda slot: slot.starts_at)
    days = [day_of(slot.starts_at, site.tz) for slot in ordered]
    if not days:
        raise errors.BookingRefused("Choose the visits of the series first.")
    if len(days) > series.order.infusions:
        raise errors.SeriesFull
    booking.in_time(ordered[0].starts_at, as_patient=False, kind=Kind.INFUSION)
    protocol.check_infusions(series, protocol.series_days(series), days, by=by, deviation_reason=deviation_reason)
    supply = supply_of(site, Kind.INFUSION, days=days, patient_id=patient.pk)
    ready = protocol.standing_on(patient, days, site_id=site.pk, kind=Kind.INFUSION)
    places = redeal(protocol.treatment_days(patient.pk), days)
    visits = []
    for number, (slot, day) in enumerate(zip(ordered, days, strict=True), start=1):
        wish = booking.Wish(
            patient_id=patient.pk,
            kind=Kind.INFUSION,
            site_id=site.pk,
            starts_at=slot.starts_at,
            clinician_id=slot.clinician_id,
            room_id=slot.room_id,
            series_id=series.pk,
        )
        visits.append(
            Appointment(
                **booking.columns(site, wish, supply.place(wish)),
                patient=patient,
                series=series,
                number=number,
                weekly_place=places[day],
                status=protocol.status_for(Kind.INFUSION, standing_ok=ready, number=number, series=series),
                made_by=by,
                escort_name=patient.escort_name,
                escort_phone=str(patient.escort_phone or ""),
            )
        )
    with law_checked_at_the_end():
        insert(*visits)
        protocol.settle(patient.pk, series)
    return _VISITS(series=series.pk)


def planned_deviations(series: Series) -> list[Deviation]:
    """The deviations kept on a series, by week."""
    return list(series.deviations.order_by("week"))
