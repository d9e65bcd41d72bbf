"""Run the screening rules and keep what they raised; learn facts after the intake. Software decides nothing here."""

from collections.abc import Collection, Mapping
from datetime import date

from django.db import transaction

from intake.domain import library, screening
from intake.domain.facts_json import FactError, facts_from, facts_json
from intake.models import Clearance, Finding, Intake, LaterFact, Patient, Screening
from intake.queries.known_facts import facts_now, newest_sent
from intake.queries.rules import policy_now
from intake.queries.standing import CLEARED, latest_decision
from intake.services import lapses
from intake.services.duetimes import end_of_working_day
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

STOPS = frozenset({"CONTRA", "URGENT-1", "URGENT-2"})  # new ones about a cleared patient are put to a prescriber
Cause = Screening.Cause


def rescreen(*, patient: Patient, cause: Cause, by: User | None = None) -> Screening | None:
    """Run the rules again over all that is known of a patient now; None where no intake was sent yet.

    Belongs into the transaction of what caused it (or makes one). The same facts under the same rules raise the same:
    then the current run stays. An older run is kept with its rules' version. A new contraindication about a patient
    who is cleared lapses the decision and opens one task; no visit is touched.
    """
    with transaction.atomic():
        intake = newest_sent(patient)
        return screen_intake(intake, cause=cause, by=by) if intake else None


def screen_intake(intake: Intake, *, cause: Cause, by: User | None = None) -> Screening:
    """Run the rules over a sent version and what was told since; the run that is current afterwards."""
    with transaction.atomic():
        _lock(intake)
        policy = policy_now()
        facts = facts_now(intake, policy=policy)
        told = facts_json(facts)
        before = Screening.objects.filter(intake=intake, current=True).first()
        if before is not None and (before.ruleset, before.facts) == (policy.version, told):
            return before  # the rules are pure: they would say the same
        found = screening.screen(facts, policy)
        Screening.objects.filter(intake=intake, current=True).update(current=False)
        run = Screening.objects.create(intake=intake, cause=cause, ruleset=policy.version, facts=told, by=by, at=now())
        _store(run, found)
        record(
            Action.CREATE,
            "screen",
            by=by,
            subject=run,
            patient_id=intake.patient_id,
            changes={"cause": cause.value, "ruleset": policy.version},
        )
        listed = {rule.id: rule.flag for rule in policy.rules.values()}
        if lapses.after_screening(intake=intake, found=found, listed=listed, by=by) is None:
            _put_to_a_prescriber(intake, _stopping_before(intake, before), found)
        return run


def learn(
    *,
    patient: Patient,
    facts: Mapping[str, object],
    cause: Cause,
    by: User | None,
    until_on: date | None = None,
) -> Screening | None:
    """Keep facts that were told or measured after the intake, and run the rules again, in one transaction.

    `facts` have the names and values of `manage.py screen` (docs/screening.md), null to take one back. They count from
    now on, through `until_on` where it is given (what is true of the day of a visit only). The caller has authorised.
    Raises FactError for a name or a value that the decision table does not know; then nothing is kept.
    """
    facts_from(facts, library.medicine_table())
    if "medicines" in facts:
        raise FactError("medicines: they are told in the intake")
    with transaction.atomic():
        moment = now()
        LaterFact.objects.bulk_create(
            LaterFact(
                patient=patient, name=name, value=value, cause=cause, told_at=moment, told_by=by, until_on=until_on
            )
            for name, value in facts.items()
        )
        names = sorted(facts)
        record(Action.CREATE, "learn-facts", by=by, subject=patient, patient_id=patient.pk, changes={"facts": names})
        return rescreen(patient=patient, cause=cause, by=by)


def check_in_told(*, patient: Patient, facts: Mapping[str, object], by: User, day: date) -> None:
    """Learn what is true of the day of a visit, at its check-in. The caller has authorised."""
    learn(patient=patient, facts=facts, cause=Cause.CHECK_IN, by=by, until_on=day)


def course_told(
    *, patient: Patient, infusions: int | None, baseline: float | None, before: float | None, by: User | None
) -> None:
    """Learn how a series stands after an infusion (D85, D86); None where it is no series, or no total is known.

    `baseline` and `before` are totals of the PHQ-9: before the first infusion, and the last before this one.
    """
    facts = {
        "infusions_given": infusions,
        "phq9_baseline": _whole(baseline),
        "phq9_before_infusion": _whole(before),
    }
    learn(patient=patient, facts=facts, cause=Cause.QUESTIONNAIRE, by=by)


def _whole(total: float | None) -> float | None:
    return int(total) if total is not None and total == int(total) else total


def _lock(intake: Intake) -> None:
    """One run after the other: who waits here reads what the one before has told."""
    Intake.objects.select_for_update(no_key=True, of=("self",)).get(pk=intake.pk)


def _store(run: Screening, found: Collection[screening.Finding]) -> None:
    Finding.objects.bulk_create(
        Finding(
            screening=run,
            rule=one.rule,
            version=str(one.version),
            flag=one.flag,
            high=one.high,
            reason=one.reason[:500],
            source=one.source[:300],
            because=list(one.because),
            position=position,
        )
        for position, one in enumerate(found)
    )


def _stopping_before(intake: Intake, before: Screening | None) -> frozenset[str]:
    """Rules that stopped already: in the run before, of this version or of the one before it."""
    if before is None:
        earlier = Screening.objects.filter(
            intake__patient=intake.patient_id, intake__number__lt=intake.number, current=True
        )
        before = earlier.order_by("-intake__number").first()
    if before is None:
        return frozenset()
    return frozenset(before.findings.filter(flag__in=STOPS).values_list("rule", flat=True))


def _put_to_a_prescriber(intake: Intake, stopped: Collection[str], found: Collection[screening.Finding]) -> None:
    """Something urgent that is new about a patient who is cleared, and made nothing lapse: to be read today."""
    new = {one.rule for one in found if one.flag in STOPS} - set(stopped)
    clearance = latest_decision(intake.patient_id)
    if not new or clearance is None or not _clears(clearance, intake.patient):
        return
    if new <= set(clearance.overrides.values_list("rule", flat=True)):
        return
    moment = now()
    open_task(
        Kind.SCREENING_CHANGED,
        subject_type="intake.intake",
        subject_id=intake.pk,
        queue=Queue.PRESCRIBERS,
        due_at=end_of_working_day(moment, intake.patient.site.tz),
        site_id=intake.patient.site_id,
        patient_id=intake.patient_id,
    )


def _clears(clearance: Clearance, patient: Patient) -> bool:
    if clearance.withdrawn_at is not None or clearance.decision not in CLEARED or clearance.until_on is None:
        return False
    return clearance.until_on >= now().astimezone(patient.site.tz).date()
