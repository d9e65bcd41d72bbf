"""A patient's plan for hard hours: each saving is a new version, by the patient or a clinician of theirs."""

import uuid
from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.domain.library import crisis_words
from intake.domain.plan import NAMES
from intake.models import Patient, SafetyAlert, SafetyPlan
from intake.services import safety
from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import once

WORDS_OF_PLAN = "safety plan"  # what an alert says was answered; the plan itself is one click away


class PlanChanged(Exception):
    """Somebody saved another version meanwhile. `newest` is it; nothing was saved."""

    def __init__(self, newest: SafetyPlan) -> None:
        super().__init__("Somebody else changed the plan meanwhile. Yours is still in the form: look at both.")
        self.newest = newest


def save_plan(
    *,
    by: User,
    patient: Patient,
    parts: Mapping[str, str],
    seen: int,
    as_clinician: bool = False,
    request_id: uuid.UUID | None = None,
) -> SafetyPlan:
    """Store the plan as its next version; `seen` is the version the form was filled from, 0 where there was none.

    Nothing changed: the version there is. Words of crisis that a patient adds raise an alert, as in any free text.
    Raises PlanChanged, PermissionDenied.
    """
    _authorise(by, patient, as_clinician=as_clinician)
    words = {name: parts.get(name, "").strip() for name in NAMES}
    asked = {"patient": patient.pk, "seen": seen, **words}
    with transaction.atomic(durable=True), once(request_id, user_id=by.pk, intent="save-plan", asked=asked) as state:
        if state.repeated:
            return SafetyPlan.objects.get(pk=state.result["plan"])
        newest = newest_plan(patient.pk)
        if newest is not None and newest.number != seen:
            raise PlanChanged(newest)
        if newest is not None and all(getattr(newest, name) == words[name] for name in NAMES):
            made = newest
        else:
            made = _add(by, patient, words, newest, as_clinician=as_clinician)
        state.result = {"plan": str(made.pk)}
    return made


def newest_plan(patient_id: uuid.UUID) -> SafetyPlan | None:
    """The version that holds."""
    return SafetyPlan.objects.filter(patient_id=patient_id).order_by("-number").first()


def _authorise(by: User, patient: Patient, *, as_clinician: bool) -> None:
    if as_clinician:
        allowed = patient.site_id in by.sites(Role.CLINICIAN)
        allowed = allowed or SafetyAlert.objects.open().filter(patient=patient, owner=by).exists()
    else:
        allowed = patient.user_id == by.pk
    if not allowed or not by.is_active:
        raise PermissionDenied


def _add(
    by: User, patient: Patient, words: dict[str, str], newest: SafetyPlan | None, *, as_clinician: bool
) -> SafetyPlan:
    try:
        with transaction.atomic():
            made = SafetyPlan.objects.create(
                patient=patient,
                number=newest.number + 1 if newest else 1,
                made_by=by,
                made_as=SafetyPlan.By.CLINICIAN if as_clinician else SafetyPlan.By.PATIENT,
                **words,
            )
    except IntegrityError as error:  # another window was first
        other = newest_plan(patient.pk)
        if other is None:
            raise
        raise PlanChanged(other) from error
    record(Action.CHANGE, "save-safety-plan", by=by, subject=made, patient_id=patient.pk, changes={"fields": ["plan"]})
    new = [words[name] for name in NAMES if words[name] != (getattr(newest, name) if newest else "")]
    if not as_clinician and crisis_words(" . ".join(new)):
        safety.raise_alert(
            patient=patient,
            tier=SafetyAlert.Tier.URGENT_1,
            trigger=SafetyAlert.Trigger.WORDS,
            value=WORDS_OF_PLAN,
            by=by,
        )
    return made
