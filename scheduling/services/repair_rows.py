"""The columns of visits that a repair writes, keeps and puts back. What is kept names no patient."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import NumericRange

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from scheduling.models import Appointment, Kind, Repair, Room, Series, Status
from scheduling.queries import calendar
from scheduling.services import notify
from scheduling.services.repair_parts import Change

#: As JSON: instants in ISO 8601, ids as text, lanes as [first, end] (end null where there is none).
Columns = dict[str, Any]
PLACE = ["starts_at", "moved_from", "ends_at", "room_free_at", "room", "clinician", "lanes", "version"]
WITH = ("patient", "site", "room", "clinician__user", "series__order", "series__site", "booster_order")


def locked(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Appointment]:
    """The visits as they are now, locked in order of their ids."""
    found = Appointment.objects.select_related(*WITH).filter(pk__in=set(ids)).order_by("pk")
    return {visit.pk: visit for visit in found.select_for_update(of=("self",), no_key=True)}


def again(ids: Iterable[uuid.UUID]) -> list[Appointment]:
    """The visits as they are after all was written, by time."""
    return list(Appointment.objects.select_related(*WITH).filter(pk__in=list(ids)).order_by("starts_at", "pk"))


def what(visit: Appointment | None, series: Series | None) -> tuple[Site, str, bool]:
    """Site, kind, and whether by video: of the visit, or of one more of the series."""
    if visit is not None:
        return visit.site, visit.kind, visit.telehealth
    if series is None:
        raise ValueError("a visit that is made belongs to a series")
    return series.site, Kind.INFUSION, False


def columns_of(visit: Appointment) -> Columns:
    """Where, when and how a visit is."""
    return {
        "starts_at": visit.starts_at.isoformat(),
        "moved_from": visit.moved_from.isoformat() if visit.moved_from else None,
        "ends_at": visit.ends_at.isoformat(),
        "room_free_at": visit.room_free_at.isoformat() if visit.room_free_at else None,
        "room": str(visit.room_id) if visit.room_id else None,
        "clinician": str(visit.clinician_id),
        "lanes": [visit.lanes.lower, visit.lanes.upper],
        "status": str(visit.status),
        "version": visit.version,
    }


def start_of(columns: Columns) -> datetime:
    """When it began."""
    return datetime.fromisoformat(columns["starts_at"])


def write(
    visit: Appointment | None,
    change: Change,
    *,
    site: Site,
    kind: str,
    series: Series | None,
    patient_id: uuid.UUID,
    by: User,
) -> Appointment:
    """Write the new place of a visit, or one more visit of the series; its number and status follow."""
    found, spot = calendar.visit_type(kind), change.spot
    ends_at = spot.starts_at + timedelta(minutes=found.minutes)
    room = Room.objects.get(pk=spot.room_id) if spot.room_id else None
    place: dict[str, Any] = {
        "starts_at": spot.starts_at,
        "ends_at": ends_at,
        "room_free_at": ends_at + calendar.turnover_of(room, found) if room else None,
        "room": room,
        "clinician_id": spot.clinician_id,
        "lanes": NumericRange(spot.lanes[0], spot.lanes[1], "[)"),
    }
    if visit is None:
        return _make(place, site=site, series=series, patient=Patient.objects.get(pk=patient_id), by=by)
    visit.moved_from = visit.starts_at
    for name, value in place.items():
        setattr(visit, name, value)
    visit.version += 1
    visit.save(update_fields=PLACE)
    return visit


def _make(place: dict[str, Any], *, site: Site, series: Series | None, patient: Patient, by: User) -> Appointment:
    made = Appointment(
        **place,
        kind=Kind.INFUSION,
        patient=patient,
        site=site,
        zone=site.zone,
        series=series,
        number=1,  # dealt out again with the places, before the law is asked
        weekly_place=0,
        status=Status.HELD,
        made_by=by,
        escort_name=patient.escort_name,
        escort_phone=str(patient.escort_phone or ""),
    )
    made.save(force_insert=True)
    return made


def keep_told(visit: Appointment, before: Columns | None) -> None:
    """Keep with the columns of before what start the patient was told, where that is another (`told`)."""
    if before is None:
        return
    start, known = start_of(before), before["moved_from"]
    told = notify.told_start(visit, start=start, moved_from=datetime.fromisoformat(known) if known else None)
    if told != start:
        before["told"] = told.isoformat() if told else None
        Appointment.objects.filter(pk=visit.pk).update(moved_from=told)


def put_back(visit: Appointment, columns: Columns) -> None:
    """Write the columns of before; the version goes on, for calendars and messages keep the highest."""
    lower, upper = columns["lanes"]
    visit.starts_at, visit.ends_at = start_of(columns), datetime.fromisoformat(columns["ends_at"])
    known = columns.get("moved_from")  # not kept by repairs of before
    visit.moved_from = datetime.fromisoformat(known) if known else None
    free_at = columns["room_free_at"]
    visit.room_free_at = datetime.fromisoformat(free_at) if free_at else None
    visit.room_id = uuid.UUID(columns["room"]) if columns["room"] else None
    visit.clinician_id = uuid.UUID(columns["clinician"])
    visit.lanes = NumericRange(lower, upper, "[)")
    visit.status = columns["status"]
    visit.version += 1
    visit.save(update_fields=[*PLACE, "status"])


def note_change(visit: Appointment, repair: Repair, *, by: User) -> None:
    """One row of the record for a visit that was changed with others, as its history shows it."""
    before = repair.before.get(str(visit.pk))
    made = before is None
    moved = made or start_of(before) != visit.starts_at or before["clinician"] != str(visit.clinician_id)
    moved = moved or before["room"] != (str(visit.room_id) if visit.room_id else None)
    record(
        Action.CREATE if made else Action.CHANGE,
        "book a visit" if made else "move a visit" if moved else "hold or book a visit",
        by=by,
        subject=visit,
        patient_id=visit.patient_id,
        changes={
            "fields": ["starts_at", "clinician", "room"] if moved else ["status"],
            "repair": str(repair.pk),
            **({"from": before["starts_at"], "to": visit.starts_at.isoformat()} if before and moved else {}),
        },
    )
