"""Move and cancel a visit: the same locks, checks and words as for booking one."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import authority, notify, placing, protocol
from scheduling.services.locks import booking, law_checked_at_the_end, lock
from scheduling.services.placing import Wish

MOVABLE = (Status.HELD, Status.BOOKED)


def move(
    *,
    by: User | None,
    visit_id: uuid.UUID,
    version: int,
    starts_at: datetime,
    clinician_id: uuid.UUID | None = None,
    room_id: uuid.UUID | None = None,
    deviation_reason: str = "",
    override_reason: str = "",
    request_id: uuid.UUID | None = None,
) -> Appointment:
    """Move a visit to another start, clinician or room. Stale unless it still has this `version`.

    Of a move by staff the patient is told after the grace in which it can be taken back (`move_undo`).
    """
    asked = {"visit": visit_id, "version": version, "at": starts_at, "who": clinician_id, "where": room_id}
    if override_reason:
        asked["override"] = override_reason
    with booking(), once(request_id, user_id=by.pk if by else None, intent="move", asked=asked) as request:
        if request.repeated:
            return Appointment.objects.get(pk=visit_id)
        seen = Appointment.objects.select_related("site").get(pk=visit_id)
        authority.may_change(by, seen)
        placing.lock_supply(seen.site_id, seen.kind, patients=[seen.patient_id], also=[seen])
        visit = _current(visit_id, version)
        as_patient = authority.as_patient(by, visit.patient_id, visit.site_id)
        if as_patient:
            placing.within_notice(visit)
        wish = wish_of(
            visit,
            starts_at,
            clinician_id=clinician_id,
            room_id=room_id,
            deviation_reason=deviation_reason,
            override_reason=override_reason,
        )
        was_booked = visit.status == Status.BOOKED
        leaves_at = None if by is None or as_patient else notify.grace_ends()
        rewrite(by, visit, wish, as_patient=as_patient, leaves_at=leaves_at)
        record(
            Action.CHANGE,
            "move a visit",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"fields": ["starts_at", "clinician", "room"], **from_to(seen, visit)},
        )
        other = visit.clinician_id != seen.clinician_id
        notify.visit_moved(visit, other_clinician=other, was_booked=was_booked, leaves_at=leaves_at)
    return visit


def wish_of(
    visit: Appointment,
    starts_at: datetime,
    *,
    clinician_id: uuid.UUID | None = None,
    room_id: uuid.UUID | None = None,
    deviation_reason: str = "",
    override_reason: str = "",
) -> Wish:
    """The visit as it is, at another start."""
    return Wish(
        patient_id=visit.patient_id,
        kind=visit.kind,
        site_id=visit.site_id,
        starts_at=starts_at,
        clinician_id=clinician_id,
        room_id=room_id,
        telehealth=visit.telehealth,
        series_id=visit.series_id,
        booster_order_id=visit.booster_order_id,
        patient_state=visit.patient_state,
        fallback_phone=visit.fallback_phone,
        deviation_reason=deviation_reason,
        override_reason=override_reason,
    )


def from_to(before: Appointment, after: Appointment) -> dict[str, str]:
    """When a visit was and when it is, for its history: "who moved it, from when?" is asked at the desk."""
    return {"from": before.starts_at.isoformat(), "to": after.starts_at.isoformat()}


def rewrite(
    by: User | None,
    visit: Appointment,
    wish: Wish,
    *,
    as_patient: bool,
    without_offers: Iterable[uuid.UUID] = (),
    leaves_at: datetime | None = None,
) -> None:
    """Check and write the new place of a visit that exists, under the caller's locks.

    With any clinician and any room wished for, it keeps its own where they are free. `leaves_at`: when the patient is
    told of others of its series that are booked or held by it; at once without.
    """
    wish = placing.heard(by, wish, as_patient=as_patient)
    kind = visit.kind if wish.starts_at != visit.starts_at else ""  # another room at the same time asks no notice
    short = placing.in_time(wish.starts_at, as_patient=as_patient, kind=kind, override_reason=wish.override_reason)
    place = placing.find_place(
        visit.site, wish, patient_id=visit.patient_id, without=[visit.pk], without_offers=without_offers, stays=visit
    )
    later = wish.starts_at > visit.starts_at
    visit.moved_from = notify.last_told(visit)
    for name, value in placing.columns(visit.site, wish, place).items():
        setattr(visit, name, value)
    if visit.kind in TREATMENTS:
        visit.status = _lawful(by, visit, wish, later=later, as_patient=as_patient)
    visit.version += 1
    written = ["starts_at", "moved_from", "ends_at", "room_free_at", "room", "clinician", "lanes", "status", "version"]
    with law_checked_at_the_end():
        visit.save(update_fields=written)
        if visit.kind in TREATMENTS:
            protocol.settle(visit.patient_id, visit.series)
    if visit.series is not None:
        align(visit.series, leaves_at=leaves_at)
    visit.refresh_from_db()
    placing.keep_override(by, visit, wish.override_reason, outside_hours=place.outside_hours, short_notice=short)


def _lawful(by: User | None, visit: Appointment, wish: Wish, *, later: bool, as_patient: bool) -> Status:
    """Ask the protocol about the new day of a treatment; the status it then has."""
    day = day_of(wish.starts_at, visit.site.tz)
    ok = protocol.needs_standing(visit.patient, on=day, site_id=visit.site_id, kind=visit.kind, moved_later=later)
    number = visit.number or 0
    if visit.series is not None:
        before = protocol.series_days(visit.series, without=[visit.pk])
        was = protocol.series_days(visit.series)  # the row still stands where it was
        protocol.check_infusions(visit.series, before, [day], by=by, deviation_reason=wish.deviation_reason, was=was)
        number = 1 + sum(one < day for one in before.days)
        crosses = (number <= visit.series.released_to) != ((visit.number or 0) <= visit.series.released_to)
        if as_patient and crosses:
            raise errors.ReviewNeeded
    elif visit.booster_order is not None:
        protocol.stand_on(visit, protocol.check_booster(visit.booster_order, day, without=[visit.pk]))
    return protocol.status_for(visit.kind, standing_ok=ok, number=number, series=visit.series)


def cancel(
    *, by: User | None, visit_id: uuid.UUID, version: int, why: str, request_id: uuid.UUID | None = None
) -> Appointment:
    """Cancel a visit: its room, lane and place are free again, its messages void, its series told."""
    asked = {"visit": visit_id, "version": version, "why": why}
    with booking(), once(request_id, user_id=by.pk if by else None, intent="cancel", asked=asked) as request:
        if request.repeated:
            return Appointment.objects.get(pk=visit_id)
        seen = Appointment.objects.get(pk=visit_id)
        authority.may_change(by, seen)
        lock(patients=[seen.patient_id])
        visit = _current(visit_id, version, among=(*MOVABLE, Status.ARRIVED))
        if authority.as_patient(by, visit.patient_id, visit.site_id):
            placing.within_notice(visit)
        leaves_at = _leaves_at(by, visit)
        free_up(visit, Status.CANCELLED, why=why, leaves_at=leaves_at)
        record(
            Action.CHANGE,
            "cancel a visit",
            by=by,
            subject=visit,
            patient_id=visit.patient_id,
            changes={"status": "cancelled"},
        )
        notify.visit_cancelled(visit, leaves_at=leaves_at)
    return visit


def _leaves_at(by: User | None, visit: Appointment) -> datetime | None:
    """When a cancellation is told: after the grace where staff may repair the series, so that one mail tells both."""
    if visit.series is None or visit.series.status != Series.Status.OPEN:
        return None
    if by is None or authority.is_own(by, visit.patient_id):
        return None
    return notify.grace_ends()


def free_up(visit: Appointment, status: Status, *, why: str = "", leaves_at: datetime | None = None) -> None:
    """Take a visit out of the active ones, under the caller's lock on the patient.

    `leaves_at`: when the patient is told of a later visit that is booked by it; at once without.
    """
    from scheduling.services import deviations, series

    series_before = protocol.series_days(visit.series) if visit.series is not None else None
    visit.status, visit.cancelled_why = status, why.strip()[:200]
    visit.version += 1
    with law_checked_at_the_end():
        visit.save(update_fields=["status", "cancelled_why", "version"])
        if visit.kind in TREATMENTS:
            protocol.settle(visit.patient_id, visit.series)
    if visit.series is not None and series_before is not None:
        deviations.record_unplanned(visit.series, series_before, status=status)
        series.align_stage(visit.series, leaves_at=leaves_at)
    if visit.booster_order is not None:
        visit.booster_order.reevaluations.filter(used_by=visit.pk).update(used_by=None)


def _current(visit_id: uuid.UUID, version: int, *, among: Iterable[str] = MOVABLE) -> Appointment:
    """The visit as it is now, under the lock; Stale when it is not the one that was seen or can no longer change."""
    visit = (
        Appointment.objects.select_related("patient", "site", "series__order", "series__site", "booster_order", "room")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=visit_id)
    )
    if visit.version != version or visit.status not in among:
        raise errors.Stale
    return visit


def align(series: Series, *, leaves_at: datetime | None = None) -> None:
    """Numbers have shifted: what now lies past the review point is held again."""
    from scheduling.services.series import align_stage

    align_stage(series, leaves_at=leaves_at)
