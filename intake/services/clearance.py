"""Sign a decision, withdraw it, look at a patient again before a booster."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from intake.domain.decisions import (
    BoosterAsked,
    ConditionAsked,
    DecisionAsked,
    DecisionRefused,
    Problem,
    SeriesOrderAsked,
    Stale,
    Standing,
    check_decision,
    marks,
)
from intake.messages_review import owe_news, owe_next_visit
from intake.models import (
    BoosterOrder,
    Clearance,
    Condition,
    Intake,
    Override,
    Patient,
    Reevaluation,
    SafetyAlert,
    SeriesOrder,
)
from intake.services import lapses, presence
from intake.services.guards import deciding, lock_patient, must_be_confirmed, prescriber_at
from pacificmind.accounts.models import User
from pacificmind.accounts.reauth import Confirmed
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Task

RUNNING = (BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)


def sign_decision(
    *,
    by: User,
    intake: Intake,
    decision: str,
    conditions: Iterable[ConditionAsked] = (),
    sites: Collection[str] = (),
    visit_kinds: Collection[str] = (),
    until_on: date | None = None,
    note: str = "",
    words: str = "",
    overrides: Mapping[str, str] | None = None,
    order: SeriesOrderAsked | None = None,
    booster: BoosterAsked | None = None,
    request_id: uuid.UUID | None = None,
    seen: str = "any",
    found: str = "",
    signed: Confirmed | None = None,
) -> Clearance:
    """Sign what a prescriber of the patient's site decided on the newest submitted version of an intake.

    `sites` are slugs; `overrides` a reason by rule id. `seen` is the id of the newest decision on the page that was
    read ("none" where there was none, "any" not to ask), `found` the mark of its findings (empty not to ask): another
    one since then refuses. What does not belong to the decision (an order where nothing is cleared) is left out. An
    earlier decision stays as history. `signed` is their confirmation of a moment ago that it is they.
    Raises NotConfirmed without one, DecisionRefused, Stale, PermissionDenied.
    """
    prescriber_at(by, Patient.objects.values_list("site_id", flat=True).get(pk=intake.patient_id))
    signed_with = must_be_confirmed(by, signed)
    asked = DecisionAsked(
        decision=decision,
        conditions=tuple(conditions),
        sites=frozenset(sites),
        visit_kinds=frozenset(visit_kinds),
        until_on=until_on,
        note=note,
        words=words,
        overrides=dict(overrides or {}),
        order=order,
        booster=booster,
    )
    with deciding(), once(request_id, user_id=by.pk, intent="sign-decision", asked=_content(intake, asked)) as state:
        if state.repeated:
            return Clearance.objects.get(pk=state.result["clearance"])
        patient = lock_patient(intake.patient_id)
        prescriber_at(by, patient.site_id)
        standing = _standing(patient, intake, seen, found)
        if problems := [*check_decision(asked, standing), *_unknown_sites(asked)]:
            raise DecisionRefused(*problems)
        clearance = _write(by, patient, intake, asked, standing, signed_with)
        state.result["clearance"] = str(clearance.pk)
    return clearance


def _content(intake: Intake, asked: DecisionAsked) -> dict[str, object]:
    return {
        "intake": str(intake.pk),
        **{name: str(getattr(asked, name)) for name in ("decision", "conditions", "until_on", "note", "words")},
        "sites": sorted(asked.sites),
        "visit_kinds": sorted(asked.visit_kinds),
        "overrides": dict(asked.overrides),
        "order": str(asked.order),
        "booster": str(asked.booster),
    }


def _lock_versions(patient: Patient) -> None:
    list(Intake.objects.select_for_update(no_key=True, of=("self",)).filter(patient=patient).order_by("number"))


def _standing(patient: Patient, intake: Intake, seen: str, found: str) -> Standing:
    """Read under the patient's lock: nothing of what the page showed is believed.

    The versions are locked as well: a run of the rules that waits here compares with this decision, and lapses it.
    """
    _lock_versions(patient)
    submitted = Intake.objects.filter(patient=patient, submitted_at__isnull=False).order_by("-number").first()
    findings = list(intake.findings.values_list("rule", "flag"))
    latest = Clearance.objects.filter(patient=patient).order_by("-signed_at").values_list("pk", flat=True).first()
    return Standing(
        today=today(patient.site.zone),
        newest=submitted is not None and submitted.pk == intake.pk,
        unseen_decision=seen != "any" and str(latest or "none") != seen,
        contraindications=[rule for rule, flag in findings if flag == "CONTRA"],
        unseen_finding=bool(found) and marks(findings) != found,
        urgent_alert_open=SafetyAlert.objects.filter(
            patient=patient, tier=SafetyAlert.Tier.URGENT_2, closed_at__isnull=True
        ).exists(),
    )


def _unknown_sites(asked: DecisionAsked) -> list[Problem]:
    if Site.objects.filter(pk__in=asked.sites).count() == len(asked.sites):
        return []
    return [Problem("sites", "Choose sites of this clinic.")]


def _write(
    by: User, patient: Patient, intake: Intake, asked: DecisionAsked, standing: Standing, signed_with: str
) -> Clearance:
    clearance = Clearance.objects.create(
        patient=patient,
        intake=intake,
        decision=asked.decision,
        visit_kinds=sorted(asked.visit_kinds) if asked.clears else [],
        from_on=standing.today,
        until_on=asked.until_on if asked.clears else None,
        note=asked.note,
        words=asked.words,
        signed_by=by,
        signed_at=now(),
        signed_with=signed_with,
        seen_rules=[f"{rule}={flag}" for rule, flag in intake.findings.values_list("rule", "flag")],
    )
    lapses.settled_by_decision(by=by, patient=patient)
    presence.gone(by=by, intake=intake)
    if asked.clears:
        _write_terms(by, clearance, asked, standing)
    elif asked.decision == Clearance.Decision.NOT_CLEARED:
        _close_booster_orders(by, patient)  # nobody is reminded of a treatment they were not cleared for
    versions = Intake.objects.filter(patient=patient, number__lte=intake.number).values("pk")
    answered = (Kind.INTAKE_REVIEW, Kind.SCREENING_CHANGED)
    Task.objects.filter(kind__in=answered, subject_id__in=versions, done_at__isnull=True).update(
        done_at=now(), done_by=by, outcome=asked.decision
    )
    record(
        Action.SIGN,
        "sign-decision",
        by=by,
        subject=clearance,
        patient_id=patient.pk,
        changes={
            "intake": str(intake.pk),
            "sites": sorted(asked.sites),
            "overrides": sorted(asked.overrides),
            "signed_with": signed_with,
        },
    )
    owe_news(clearance, patient)
    return clearance


def _write_terms(by: User, clearance: Clearance, asked: DecisionAsked, standing: Standing) -> None:
    clearance.sites.set(Site.objects.filter(pk__in=asked.sites))
    Condition.objects.bulk_create(Condition(clearance=clearance, kind=c.kind, text=c.text) for c in asked.conditions)
    Override.objects.bulk_create(
        Override(clearance=clearance, rule=rule, reason=asked.overrides[rule].strip())
        for rule in standing.contraindications
    )
    if (order := asked.order) is not None:
        SeriesOrder.objects.create(
            clearance=clearance, infusions=order.infusions, per_week=order.per_week, ordered_by=by, ordered_at=now()
        )
    if (booster := asked.booster) is not None:
        _close_booster_orders(by, clearance.patient)
        BoosterOrder.objects.create(
            patient=clearance.patient,
            clearance=clearance,
            as_needed=booster.as_needed,
            after_days=booster.after_days,
            window_days=booster.window_days,
            count=booster.count,
            until_on=booster.until_on,
            ordered_by=by,
            ordered_at=now(),
        )


def _close_booster_orders(by: User, patient: Patient) -> None:
    for order in BoosterOrder.objects.select_for_update().filter(patient=patient, status__in=RUNNING):
        order.status, order.version = BoosterOrder.Status.CLOSED, order.version + 1
        order.save(update_fields=["status", "version"])
        record(
            Action.CHANGE,
            "close-booster-order",
            by=by,
            subject=order,
            patient_id=patient.pk,
            changes={"status": "closed"},
        )


def withdraw_clearance(
    *, by: User, clearance: Clearance, why: str, request_id: uuid.UUID | None = None, signed: Confirmed | None = None
) -> Clearance:
    """Take a clearance back from this moment on. Visits booked under it stay: a sweep puts them to a clinician.

    Only the newest decision can be withdrawn: older ones govern nothing. Raises NotConfirmed, DecisionRefused, Stale,
    PermissionDenied.
    """
    prescriber_at(by, clearance.patient.site_id)
    signed_with = must_be_confirmed(by, signed)
    reason = why.strip()
    if not reason:
        raise DecisionRefused(Problem("why", "Say why you withdraw it."))
    asked = {"clearance": str(clearance.pk), "why": reason}
    with deciding(), once(request_id, user_id=by.pk, intent="withdraw-clearance", asked=asked) as state:
        if state.repeated:
            return Clearance.objects.get(pk=clearance.pk)
        patient = lock_patient(clearance.patient_id)
        prescriber_at(by, patient.site_id)
        newest = Clearance.objects.filter(patient=patient).order_by("-signed_at").first()
        if newest is None or newest.pk != clearance.pk:
            raise Stale("A newer decision was signed since; this one no longer governs anything.")
        if newest.withdrawn_at is not None:
            raise Stale("This decision was withdrawn already.")
        if newest.until_on is None:
            raise Stale("This decision clears nothing: sign a new one instead.")
        newest.withdrawn_at, newest.withdrawn_by, newest.withdrawn_why = now(), by, reason
        newest.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_why"])
        record(
            Action.SIGN,
            "withdraw-clearance",
            by=by,
            subject=newest,
            patient_id=patient.pk,
            changes={"fields": ["withdrawn_at", "withdrawn_by", "withdrawn_why"], "signed_with": signed_with},
        )
    return newest


def record_reevaluation(
    *,
    by: User,
    order: BoosterOrder,
    supports_booster: bool,
    note: str,
    request_id: uuid.UUID | None = None,
    signed: Confirmed | None = None,
) -> Reevaluation:
    """A prescriber looked at the patient again before a booster (P10). Raises NotConfirmed, Stale (it has ended)."""
    prescriber_at(by, order.patient.site_id)
    signed_with = must_be_confirmed(by, signed)
    asked = {"order": str(order.pk), "supports": supports_booster, "note": note}
    with deciding(), once(request_id, user_id=by.pk, intent="record-reevaluation", asked=asked) as state:
        if state.repeated:
            return Reevaluation.objects.get(pk=state.result["reevaluation"])
        lock_patient(order.patient_id)
        if not BoosterOrder.objects.filter(pk=order.pk, status__in=RUNNING).exists():
            raise Stale("This booster order has ended.")
        made = Reevaluation.objects.create(order=order, by=by, at=now(), supports_booster=supports_booster, note=note)
        state.result["reevaluation"] = str(made.pk)
        changes = {"supports_booster": supports_booster, "signed_with": signed_with}
        if supports_booster:
            owe_next_visit(made, order.patient)
        record(Action.SIGN, "record-reevaluation", by=by, subject=made, patient_id=order.patient_id, changes=changes)
    return made
