"""Book a visit. Every door leads here: patient pages, front desk, series, imports; moving and cancelling to `moving`.

Lock patient, then clinicians, then rooms; read again; ask the domain; write; audit; owe messages; commit.
"""

import secrets
import uuid
from typing import NamedTuple

from django.core.exceptions import PermissionDenied

from intake.models import BoosterOrder, Patient, Reevaluation
from intake.services.inbox import mark_booked, open_request
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.prepared import Prepared, Told, insert
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Kind, Series, Status, VisitType
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.services import authority, boosters, notify, protocol
from scheduling.services.locks import booking, law_checked_at_the_end
from scheduling.services.moving import MOVABLE, align, cancel, free_up, move
from scheduling.services.placing import (
    Place,
    Wish,
    columns,
    find_place,
    heard,
    in_time,
    keep_override,
    lock_supply,
    within_notice,
)

__all__ = [
    "MOVABLE",
    "Place",
    "Wish",
    "book",
    "cancel",
    "columns",
    "find_place",
    "free_up",
    "in_time",
    "lock_supply",
    "move",
    "within_notice",
    "write_visit",
]

_PATIENT = Prepared(
    lambda: Patient.objects.filter(pk=Told("patient")).select_related("site").annotate(told_request=open_request())
)
UNDER_WAY = (Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN)
HAS_BOOSTER = {
    "say": "The patient has a booster booked already. Move it instead.",
    "say_patient": "You have such a visit booked already. You can move it to another time.",
}


def book(*, by: User | None, wish: Wish, request_id: uuid.UUID | None = None) -> Appointment:
    """Book one visit and return it; the same request again returns the same visit.

    Raises a BookingRefused that says why in words, PermissionDenied for what `by` may not do.
    """
    key, user_id = uuid.uuid4(), by.pk if by else None
    with (
        booking(),
        once(request_id, user_id=user_id, intent="book", asked=vars(wish), result={"visit": str(key)}) as request,
    ):
        if request.repeated:
            return Appointment.objects.get(pk=request.result["visit"])
        authority.may_book(by, patient_id=wish.patient_id, site_id=wish.site_id, kind=wish.kind)
        lock_supply(
            wish.site_id, wish.kind, patients=[wish.patient_id], clinician_id=wish.clinician_id, room_id=wish.room_id
        )
        patient, site = patient_at(wish.patient_id, wish.site_id)
        _open_record(patient)
        as_patient = authority.as_patient(by, patient.pk, site.pk)
        _may_be_booked(by, wish, as_patient=as_patient)
        wish = heard(by, wish, as_patient=as_patient)
        short = in_time(wish.starts_at, as_patient=as_patient, kind=wish.kind, override_reason=wish.override_reason)
        if wish.telehealth:
            _licensed_there(wish, site)
        visit = write_visit(by=by, patient=patient, site=site, wish=wish, short_notice=short, key=key)
        record(Action.CREATE, "book a visit", by=by, subject=visit, patient_id=patient.pk)
        if visit.kind == Kind.CONSULTATION and vars(patient)["told_request"]:
            mark_booked(patient_id=patient.pk, by=by)
        notify.visit_booked(visit)
        boosters.ask_if_often(visit)
    return visit


def patient_at(patient_id: uuid.UUID, site_id: str) -> tuple[Patient, Site]:
    """The patient as they are under the lock, and the site of the visit: mostly their own, read with them."""
    [patient] = _PATIENT(patient=patient_id)
    return patient, patient.site if patient.site_id == site_id else Site.objects.get(pk=site_id)


def _may_be_booked(by: User | None, wish: Wish, *, as_patient: bool) -> None:
    """What kinds the clinic lets patients and the desk book; a patient one consultation and one booster at a time."""
    found = calendar.visit_type(wish.kind)
    if as_patient and not found.patient_may_book:
        raise errors.BookingRefused
    if as_patient and wish.kind in (Kind.CONSULTATION, Kind.BOOSTER):
        has = Appointment.objects.filter(patient_id=wish.patient_id, kind=wish.kind)
        if has.filter(status__in=(Status.HELD, *UNDER_WAY), ends_at__gt=now()).exists():
            raise errors.HasOne(**HAS_BOOSTER) if wish.kind == Kind.BOOSTER else errors.HasOne
    if not as_patient:
        desk_books(by, found, wish.site_id)


def desk_books(by: User | None, kind: VisitType, site_id: str) -> None:
    """Raises NotBookedByDesk for the front desk where the clinic keeps this kind for its clinicians."""
    if by is not None and not kind.desk_may_book and site_id not in by.sites(Role.CLINICIAN):
        raise errors.NotBookedByDesk


def write_visit(
    *,
    by: User | None,
    patient: Patient,
    site: Site,
    wish: Wish,
    short_notice: bool = False,
    key: uuid.UUID | None = None,
) -> Appointment:
    """Check and insert one visit, inside the caller's transaction and under its locks; `key` where its id is known."""
    place = find_place(site, wish, patient_id=patient.pk)
    plan = _lawful(by, patient, site, wish)
    visit = Appointment(
        id=key or uuid.uuid4(),
        **columns(site, wish, place),
        patient=patient,
        series=plan.series,
        booster_order=plan.order,
        number=plan.number or None,
        weekly_place=0 if wish.kind in TREATMENTS else None,
        status=protocol.status_for(wish.kind, standing_ok=plan.ok, number=plan.number, series=plan.series),
        made_by=by,
        escort_name=patient.escort_name if wish.kind in TREATMENTS else "",
        escort_phone=str(patient.escort_phone or "") if wish.kind in TREATMENTS else "",
        meeting_token=secrets.token_urlsafe(16) if wish.telehealth else "",
    )
    _insert(visit, patient, plan.series)
    keep_override(by, visit, wish.override_reason, outside_hours=place.outside_hours, short_notice=short_notice)
    if plan.reevaluation is not None:
        plan.reevaluation.used_by = visit.pk
        plan.reevaluation.save(update_fields=["used_by"])
    return visit


class _Plan(NamedTuple):
    """What a visit belongs to, its number there, and whether all that a booked one needs is there."""

    ok: bool = True
    number: int = 0
    series: Series | None = None
    order: BoosterOrder | None = None
    reevaluation: Reevaluation | None = None


def _lawful(by: User | None, patient: Patient, site: Site, wish: Wish) -> _Plan:
    """Ask the protocol about one more visit."""
    if wish.kind not in TREATMENTS:
        return _Plan()
    day = day_of(wish.starts_at, site.tz)
    ok = protocol.needs_standing(patient, on=day, site_id=site.pk, kind=wish.kind)
    if wish.kind == Kind.BOOSTER:
        order = BoosterOrder.objects.get(pk=wish.booster_order_id or uuid.UUID(int=0), patient=patient)
        return _Plan(ok, order=order, reevaluation=protocol.check_booster(order, day))
    series = _open_series(wish.series_id, patient)
    before = protocol.series_days(series)
    protocol.check_infusions(series, before, [day], by=by, deviation_reason=wish.deviation_reason)
    return _Plan(ok, number=1 + sum(one < day for one in before.days), series=series)


def _insert(visit: Appointment, patient: Patient, series: Series | None) -> None:
    """Write the row; among treatments the others are numbered and dealt their places again."""
    if visit.kind not in TREATMENTS:
        insert(visit)
        return
    with law_checked_at_the_end():
        insert(visit)
        protocol.settle(patient.pk, series)
    if series is not None:
        align(series)
    visit.refresh_from_db()


def _licensed_there(wish: Wish, site: Site) -> None:
    """A video visit needs the state where the patient will be: clinicians treat where they are licensed."""
    if wish.patient_state.upper() != site.state:
        say = f"A video visit is possible only while the patient is in {site.state}."
        raise errors.BookingRefused(say, say_patient=f"For a video visit you need to be in {site.state} at that time.")


def _open_record(patient: Patient) -> None:
    if patient.status != Patient.Status.ACTIVE:
        raise errors.BookingRefused("This patient's record is closed. Open it again before booking.")


def _open_series(series_id: uuid.UUID | None, patient: Patient) -> Series:
    series = (
        Series.objects.select_related("order", "site").filter(pk=series_id or uuid.UUID(int=0), patient=patient).first()
    )
    if series is None:
        raise PermissionDenied
    if series.status != Series.Status.OPEN:
        raise errors.SeriesFull("This series is closed. A new one needs a new order.")
    return series
