"""Send an intake: freeze its version, screen it, put it before a prescriber."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from intake.facts import values_of
from intake.models import Answer, Intake, Patient, Screening
from intake.queries.intake import progress
from intake.queries.rules import policy_now
from intake.sections import is_asked, sections
from intake.services.duetimes import working_days_later
from intake.services.screening import screen_intake
from intake.services.versions import authorise, lock_latest
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

REVIEW_WITHIN_DAYS = 2  # working days


class IntakeIncomplete(Exception):
    """Parts are missing, so that it cannot be sent."""


def submit_intake(*, by: User | None, patient: Patient, request_id: uuid.UUID | None = None) -> Intake:
    """Send the open version: score, screen, store the findings, open the review task. After this it is frozen.

    A repeat gives back what was sent. Raises IntakeIncomplete, PermissionDenied.
    """
    authorise(by, patient)
    asked = {"patient": patient.pk}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk if by else None, intent="submit-intake", asked=asked) as intention,
    ):
        if intention.repeated:
            return Intake.objects.get(pk=intention.result["intake"])
        intake = lock_latest(patient)
        if intake is None:
            raise IntakeIncomplete
        if intake.submitted_at is None:
            _freeze(intake, by)
        intention.result = {"intake": str(intake.pk)}
        return intake


def _freeze(intake: Intake, by: User | None) -> None:
    values = values_of(intake.answers.order_by("pk"))
    if not progress(intake, values).complete:
        raise IntakeIncomplete
    moment = now()
    _mark_not_asked(intake, values)
    intake.submitted_at, intake.ruleset = moment, policy_now().version
    intake.save(update_fields=["submitted_at", "ruleset"])
    screen_intake(intake, cause=Screening.Cause.INTAKE, by=by)
    open_task(
        Kind.INTAKE_REVIEW,
        subject_type="intake.intake",
        subject_id=intake.pk,
        queue=Queue.PRESCRIBERS,
        due_at=working_days_later(moment, REVIEW_WITHIN_DAYS, intake.patient.site.tz),
        site_id=intake.patient.site_id,
        patient_id=intake.patient_id,
    )
    audit.record(Action.CHANGE, "submit-intake", by=by, subject=intake, patient_id=intake.patient_id)


def _mark_not_asked(intake: Intake, values: Mapping[str, Any]) -> None:
    """Questions that the other answers made needless get a row that says so: not asked is not a no (CLINICAL 3.1)."""
    closed = [(part, item) for part in sections() if not is_asked(part, values) for item in part.items]
    Answer.objects.filter(intake=intake, item__in=[item.id for _, item in closed]).update(
        status=Answer.Status.NOT_ASKED, value=None
    )
    Answer.objects.bulk_create(
        [
            Answer(
                intake=intake,
                section=part.slug,
                item=item.id,
                instrument=item.instrument,
                status=Answer.Status.NOT_ASKED,
            )
            for part, item in closed
        ],
        ignore_conflicts=True,
    )
