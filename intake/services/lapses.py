"""A decision that no longer clears: noticed after each run of the rules, put to a prescriber, settled by one."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from intake.domain.decisions import DecisionRefused, Problem, Stale
from intake.domain.lapses import Found, Lapsed, lapse_of
from intake.models import Clearance, Intake, Lapse, Patient
from intake.queries.standing import CLEARED, latest_decision
from intake.services.guards import deciding, lock_patient, must_be_confirmed, prescriber_at
from pacificmind.accounts.models import User
from pacificmind.accounts.reauth import Confirmed
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import close_tasks, open_task

LOOK_WITHIN = timedelta(hours=8)
NEW_DECISION = "A new decision was signed."


def after_screening(
    *, intake: Intake, found: Sequence[Found], listed: Mapping[str, str], by: User | None
) -> Lapse | None:
    """Compare a run of the rules with what the signer of the decision in force saw; the open lapse, if there is one.

    Belongs into the transaction of the run. Takes no lock on the patient: an answer never waits for a booking. A
    visit that is booked at this moment is found by the sweep.
    """
    decision = latest_decision(intake.patient_id)
    if decision is None or not _clears(decision, intake.patient):
        return None
    seen = _seen(decision)
    overridden = decision.overrides.values_list("rule", flat=True)
    lapsed = lapse_of(found, seen=seen, overridden=list(overridden), listed=listed)
    if lapsed is None or _settled(decision, lapsed):
        return None
    why: str = lapsed.why
    rules = list(lapsed.rules)
    known = Lapse.objects.filter(clearance=decision, settled_at=None, why="contraindication").first()
    if known is not None and why != known.why:  # it only rises: a later run without it does not undo what was found
        why, rules = known.why, sorted({*known.rules, *rules})
    values = {"why": why, "rules": rules, "found_on": intake, "at": now()}
    row, new = Lapse.objects.update_or_create(clearance=decision, settled_at=None, defaults=values)
    if new:
        record(Action.CREATE, "lapse-clearance", by=by, subject=row, patient_id=intake.patient_id,
               changes={"clearance": str(decision.pk), "rules": rules})  # fmt: skip
    put_to_a_prescriber(intake.patient)
    return row


def _clears(decision: Clearance, patient: Patient) -> bool:
    live = decision.withdrawn_at is None and decision.decision in CLEARED and decision.until_on is not None
    return live and decision.until_on is not None and decision.until_on >= today(patient.site.zone)


def _seen(decision: Clearance) -> dict[str, str]:
    """What the signer saw; of decisions from before this was kept, what their version shows."""
    if decision.seen_rules is not None:
        return dict(one.split("=", 1) for one in decision.seen_rules)
    return dict(decision.intake.findings.values_list("rule", "flag"))


def _settled(decision: Clearance, lapsed: Lapsed) -> bool:
    """Whether a prescriber has looked at all of these already, and let the decision hold.

    Never where one of them is a contraindication: what was let hold as a doubt is not let hold as a certainty.
    """
    if lapsed.why == "contraindication":
        return False
    known = Lapse.objects.filter(clearance=decision, settled_at__isnull=False, why=Lapse.Why.CHANGED)
    return set(lapsed.rules) <= {rule for one in known.values_list("rules", flat=True) for rule in one}


def put_to_a_prescriber(patient: Patient) -> None:
    """One task a patient, whatever made the decision lapse: its page lists the visits."""
    open_task(
        Kind.CLEARANCE_LAPSED,
        subject_type="intake.patient",
        subject_id=patient.pk,
        queue=Queue.PRESCRIBERS,
        due_at=now() + LOOK_WITHIN,
        site_id=patient.site_id,
        patient_id=patient.pk,
    )


def settle(
    *, by: User, lapse: Lapse, why: str, request_id: uuid.UUID | None = None, signed: Confirmed | None = None
) -> Lapse:
    """A prescriber looked and lets the decision hold, with the reason. A contraindication takes a new decision instead.

    Raises NotConfirmed, DecisionRefused, Stale, PermissionDenied.
    """
    patient_id = lapse.clearance.patient_id
    prescriber_at(by, lapse.clearance.patient.site_id)
    signed_with = must_be_confirmed(by, signed)
    reason = why.strip()
    if not reason:
        raise DecisionRefused(Problem("why", "Say why the decision still holds."))
    asked = {"lapse": lapse.pk, "why": reason, "rules": lapse.rules}
    with deciding(), once(request_id, user_id=by.pk, intent="settle-lapse", asked=asked) as state:
        if state.repeated:
            return Lapse.objects.get(pk=lapse.pk)
        lock_patient(patient_id)
        row = Lapse.objects.select_for_update(of=("self",)).select_related("clearance").get(pk=lapse.pk)
        newest = latest_decision(patient_id)
        if row.settled_at is not None or newest is None or newest.pk != row.clearance_id:
            raise Stale("Somebody settled this meanwhile, or a newer decision was signed.")
        if row.rules != lapse.rules:
            raise Stale("More was found meanwhile. Read it first.")
        if row.why == Lapse.Why.CONTRAINDICATION:
            raise Stale("A listed contraindication needs a new decision, with a reason for each rule.")
        row.settled_at, row.settled_by, row.settled_why = now(), by, reason[:500]
        row.save(update_fields=["settled_at", "settled_by", "settled_why"])
        changes = {"clearance": str(row.clearance_id), "rules": row.rules, "signed_with": signed_with}
        record(Action.SIGN, "settle-lapse", by=by, subject=row, patient_id=patient_id, changes=changes)
        close_tasks(patient_id, Kind.CLEARANCE_LAPSED, by=by, outcome="still holds")
    return row


def settled_by_decision(*, by: User, patient: Patient) -> None:
    """A new decision was signed: what made the older ones lapse is settled. Belongs into its transaction."""
    Lapse.objects.filter(clearance__patient=patient, settled_at__isnull=True).update(
        settled_at=now(), settled_by=by, settled_why=NEW_DECISION
    )
    close_tasks(patient.pk, Kind.CLEARANCE_LAPSED, Kind.DECISION_ENDS, by=by, outcome="decided anew")
