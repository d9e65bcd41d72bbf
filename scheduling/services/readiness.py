"""Before a visit: whether its questions still stand, and what follows from the answers for the visit itself."""

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import structlog
from django.db import transaction

from intake.domain import inquiry as domain
from intake.models import Inquiry, Patient
from intake.services import inquiries
from intake.services.inquiries import Saved
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.services import checkins

log = structlog.get_logger(__name__)
COMING = (Status.HELD, Status.BOOKED)


def visit_of(visit_id: uuid.UUID, version: int) -> Appointment | None:
    """The visit as it was asked about; None once it was moved, cancelled, or has begun."""
    visits = Appointment.objects.select_related("site", "patient", "series__order")
    return visits.filter(pk=visit_id, version=version, status=Status.BOOKED, starts_at__gt=now()).first()


def save(
    *,
    by: User | None,
    inquiry_id: uuid.UUID,
    part: str,
    answers: Mapping[str, Any],
    declined: Collection[str] = (),
    back_to: str = "",
) -> Saved:
    """Store a part of an inquiry, then what follows from it. Raises Over, PermissionDenied.

    The answers and what they raise are kept first, in a transaction of their own: nothing that follows can undo them,
    nor have the patient told that they were not kept.
    """
    saved = inquiries.save_part(
        by=by, inquiry_id=inquiry_id, part=part, answers=answers, declined=declined, back_to=back_to
    )
    try:
        if part == domain.READY and answers.get("ready.escort") == "new":
            _name_escort(saved, by, answers["ready.escort_name"], answers["ready.escort_phone"])
        if part == domain.READY and answers.get("ready.escort") == "no":
            _nobody_yet(saved, by)
        if saved.inquiry.days_after and part == domain.THOUGHTS:
            checkins.look_for_relapse(saved.inquiry)  # the sweep looks once more
    except Exception as problem:
        log.exception("what follows from an answer was not done", part=part, problem=type(problem).__name__)
        _somebody_names_the_escort(saved.inquiry, part)
    return saved


def _somebody_names_the_escort(row: Inquiry, part: str) -> None:
    """The name stands in the answers alone: the front desk asks for it once more, as where nobody is named."""
    if part == domain.READY:
        with suppress(Exception), transaction.atomic():
            open_task(
                TaskKind.ESCORT_OPEN,
                subject_type=inquiries.VISIT,
                subject_id=row.visit_id,
                queue=Queue.FRONT_DESK,
                due_at=min(now() + inquiries.LOOK_WITHIN, row.expires_at),
                site_id=row.site_id,
                patient_id=row.patient_id,
            )


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


def _nobody_yet(saved: Saved, by: User | None) -> None:
    """Nobody takes them home from this visit, whoever did before: a name that no longer holds opens no door."""
    row = saved.inquiry
    with transaction.atomic(durable=True):
        visits = Appointment.objects.filter(pk=row.visit_id, status__in=COMING).exclude(escort_name="")
        if not visits.update(escort_name="", escort_phone=""):
            return
        record(
            Action.CHANGE,
            "nobody takes them home yet",
            by=by,
            subject=row,
            patient_id=row.patient_id,
            changes={"fields": ["escort_name", "escort_phone"]},
        )
