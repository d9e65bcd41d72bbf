"""Before a visit: whether its questions still stand, and what follows from the answers for the visit itself."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from intake.domain import inquiry as domain
from intake.models import Patient
from intake.services import inquiries
from intake.services.inquiries import Saved
from intake.services.whereabouts import tell_whereabouts
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import checkins

COMING = (Status.HELD, Status.BOOKED)


def visit_of(visit_id: uuid.UUID, version: int) -> Appointment | None:
    """The visit as it was asked about; None once it was moved, cancelled, or has begun."""
    visits = Appointment.objects.select_related("site", "patient", "series__order")
    return visits.filter(pk=visit_id, version=version, status=Status.BOOKED, starts_at__gt=now()).first()


def save(
    *,
    by: User | None,
    patient: Patient,
    inquiry_id: uuid.UUID,
    part: str,
    answers: Mapping[str, Any],
    declined: Collection[str] = (),
) -> Saved:
    """Store a part of an inquiry, then what follows from it. Raises Over, PermissionDenied.

    The answers and what they raise are kept first, in a transaction of their own: nothing that follows can undo them.
    """
    if part == domain.WHERE:
        tell_whereabouts(by=by, patient=patient, place=answers["where.place"], phone=answers["where.phone"])
    saved = inquiries.save_part(by=by, inquiry_id=inquiry_id, part=part, answers=answers, declined=declined)
    if part == domain.READY and answers.get("ready.escort") == "new":
        _name_escort(saved, by, answers["ready.escort_name"], answers["ready.escort_phone"])
    if saved.inquiry.days_after and part == domain.THOUGHTS:
        checkins.look_for_relapse(saved.inquiry)
    return saved


def _name_escort(saved: Saved, by: User | None, name: str, phone: str) -> None:
    """For this visit and the coming ones that name nobody yet. No news: versions stay."""
    row = saved.inquiry
    with transaction.atomic(durable=True):
        patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=row.patient_id)
        patient.escort_name, patient.escort_phone = name, phone
        patient.save(update_fields=["escort_name", "escort_phone"])
        visits = Appointment.objects.filter(patient=patient, kind__in=TREATMENTS, status__in=COMING)
        visits.filter(pk=row.visit_id).update(escort_name=name, escort_phone=phone)
        visits.filter(escort_name="").update(escort_name=name, escort_phone=phone)
        record(
            Action.CHANGE,
            "name who takes them home",
            by=by,
            subject=row,
            patient_id=patient.pk,
            changes={"fields": ["escort_name", "escort_phone"]},
        )
