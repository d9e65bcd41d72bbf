"""The named conditions of a clearance: marked as met by a clinician, or by the result that meets them; open again."""

from intake.domain.conditions import met_by, opened_by
from intake.models import Clearance, Condition, StaffResult
from intake.queries.standing import latest_decision
from intake.services.guards import clinician_at, deciding, lock_patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now


def mark_condition_met(*, by: User, condition: Condition) -> None:
    """A clinician of the patient's site saw to it that a condition is met. Twice is once: the first name stays."""
    patient = condition.clearance.patient
    clinician_at(by, patient.site_id)
    with deciding():
        lock_patient(patient.pk)
        if Condition.objects.filter(pk=condition.pk, met_at__isnull=True).update(met_at=now(), met_by=by):
            _record("mark-condition-met", by, condition)


def reopen_condition(*, by: User, condition: Condition) -> None:
    """Say that a condition is not met after all. Twice is once; booked visits stay, and wait at the door."""
    patient = condition.clearance.patient
    clinician_at(by, patient.site_id)
    with deciding():
        lock_patient(patient.pk)
        _reopen(by, condition)


def judge_result(*, by: User, result: StaffResult) -> None:
    """Meet or open the condition of the governing decision that this result is about. Belongs into its transaction."""
    decision = latest_decision(result.patient_id)
    if decision is not None and decision.withdrawn_at is None:
        _meet(by, decision, result)
        _open_for(by, decision, result)


def _meet(by: User, decision: Clearance, result: StaffResult) -> None:
    """Mark the open condition that it meets, unless a later result of its kind says otherwise."""
    kind = met_by(result.kind, result.result, done_on=result.done_on, decided_on=decision.from_on)
    condition = Condition.objects.filter(clearance=decision, kind=kind, text="", met_at__isnull=True).first()
    if kind is None or condition is None or _is_outdated(result):
        return
    condition.met_at, condition.met_by, condition.met_with = now(), by, result
    condition.save(update_fields=["met_at", "met_by", "met_with"])
    _record("mark-condition-met", by, condition, result=result)


def _is_outdated(result: StaffResult) -> bool:
    rows = StaffResult.objects.filter(patient_id=result.patient_id, kind=result.kind, void_at__isnull=True)
    later = rows.filter(done_on__gt=result.done_on).values_list("kind", "result")
    return any(opened_by(*one) is not None for one in later)


def _open_for(by: User, decision: Clearance, result: StaffResult) -> None:
    """Open the met condition that it speaks against, where it is not older than what met it."""
    kind = opened_by(result.kind, result.result)
    rows = Condition.objects.filter(clearance=decision, kind=kind, text="", met_at__isnull=False)
    condition = rows.select_related("met_with", "clearance__patient__site").first()
    if kind is None or condition is None or condition.met_at is None:
        return
    zone = condition.clearance.patient.site.tz
    since = condition.met_with.done_on if condition.met_with else condition.met_at.astimezone(zone).date()
    if result.done_on >= since:
        _reopen(by, condition, result=result)


def result_void(*, by: User, result: StaffResult) -> None:
    """A result was entered in error: what it alone met is open again. Belongs into its transaction."""
    for condition in Condition.objects.filter(met_with=result).select_related("clearance"):
        _reopen(by, condition)


def _reopen(by: User, condition: Condition, *, result: StaffResult | None = None) -> None:
    if Condition.objects.filter(pk=condition.pk, met_at__isnull=False).update(met_at=None, met_by=None, met_with=None):
        _record("reopen-condition", by, condition, result=result)


def _record(what: str, by: User, condition: Condition, *, result: StaffResult | None = None) -> None:
    record(
        Action.CHANGE,
        what,
        by=by,
        subject=condition,
        patient_id=condition.clearance.patient_id,
        changes={
            "clearance": str(condition.clearance_id),
            "fields": ["met_at", "met_by", "met_with"],
            "result": str(result.pk) if result else "",
        },
    )
