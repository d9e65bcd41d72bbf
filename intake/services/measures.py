"""Enter vital signs and results, take an entry back, decide about readings above a limit."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from intake.domain.decisions import DecisionRefused, Problem, Stale
from intake.domain.facts import Tri
from intake.domain.vitals import Band, Step
from intake.models import Patient, Screening, StaffResult, StartDecision, VitalSigns
from intake.models.measures import RANGES
from intake.queries import measures as reading
from intake.queries.known_facts import later_facts
from intake.services import conditions
from intake.services.guards import clinician_at, deciding, lock_patient, must_be_confirmed, prescriber_at
from intake.services.screening import learn
from pacificmind.accounts.models import User
from pacificmind.accounts.reauth import Confirmed
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now, today
from pacificmind.idempotency.services import once

PDMP_AGAIN = timedelta(days=182)  # CURES is looked at again after six months (CLINICAL 8)
OLDEST = timedelta(days=366)  # of readings that are entered later
FUTURE = timedelta(minutes=2)  # clocks differ
LONGEST_NOTE, LONGEST_REASON = 300, 500
RESULTS_OF: Mapping[str, tuple[str, ...]] = {
    "urine_screen": ("expected", "unexpected", "unclear"),
    "pregnancy_test": ("negative", "positive", "unclear"),
    "ecg": ("normal", "concern", "unclear"),
    "pdmp": ("normal", "concern", "unclear"),
    "in_person": ("done",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured, when and where. Pressures in mmHg, weight in kg, height in cm."""

    measured_at: datetime
    place: str = "clinic"
    systolic: int | None = None
    diastolic: int | None = None
    heart_rate: int | None = None
    spo2: int | None = None
    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    symptoms: tuple[str, ...] = ()
    note: str = ""


def check_measured(asked: Measured, at: datetime) -> list[Problem]:
    """Everything that is wrong with the numbers, beside their fields."""
    found = []
    values = {name: getattr(asked, name) for name in RANGES}
    if all(value is None for value in values.values()) and not asked.symptoms:
        found.append(Problem("", "Enter at least one reading."))
    for name, value in values.items():
        least, most = RANGES[name]
        if value is not None and not least <= value <= most:
            found.append(Problem(name, f"This reading has to lie between {least} and {most}. Please look again."))
    if (asked.systolic is None) != (asked.diastolic is None):
        missing = "systolic" if asked.systolic is None else "diastolic"
        found.append(Problem(missing, "Enter both numbers of the blood pressure."))
    elif asked.systolic is not None and asked.diastolic is not None and asked.diastolic >= asked.systolic:
        found.append(Problem("diastolic", "The lower number has to be below the higher one."))
    if set(asked.symptoms) - set(VitalSigns.Symptom.values):
        found.append(Problem("symptoms", "Choose from the list."))
    if not at - OLDEST <= asked.measured_at <= at + FUTURE:
        found.append(Problem("measured_at", "Enter when it was measured: not in the future, at most a year ago."))
    return found


def record_vitals(
    *,
    by: User,
    patient_id: uuid.UUID,
    site_id: str,
    asked: Measured,
    phase: str = VitalSigns.Phase.OFFICE,
    visit_id: uuid.UUID | None = None,
    request_id: uuid.UUID | None = None,
) -> VitalSigns:
    """Enter readings, as a clinician of `site_id`, with the band that the clinic's limits give them.

    Under the patient's lock: a visit that starts meanwhile waits, and reads it. Raises DecisionRefused, Stale,
    PermissionDenied.
    """
    clinician_at(by, site_id)
    content = {"patient": patient_id, "visit": visit_id, "phase": phase, **asdict(asked)}
    with deciding(), once(request_id, user_id=by.pk, intent="record-vitals", asked=content) as state:
        if state.repeated:
            return VitalSigns.objects.get(pk=state.result["vitals"])
        if problems := check_measured(asked, now()):
            raise DecisionRefused(*problems)
        patient = lock_patient(patient_id)
        limits = reading.limits()
        row = VitalSigns(
            patient_id=patient_id,
            site_id=site_id,
            visit_id=visit_id,
            phase=phase,
            entered_by=by,
            entered_at=now(),
            limits=asdict(limits),
            **{**asdict(asked), "symptoms": list(asked.symptoms), "note": asked.note.strip()},
        )
        band = reading.band_of(row, limits)
        row.band = band.value if row.systolic is not None or band is not Band.PART else ""
        row.save(force_insert=True)
        state.result["vitals"] = str(row.pk)
        record(Action.CREATE, "record-vitals", by=by, subject=row, patient_id=patient_id, changes={"phase": phase})
        _told(by, patient)
    return row


def record_result(
    *,
    by: User,
    patient_id: uuid.UUID,
    site_id: str,
    kind: str,
    result: str,
    done_on: date,
    done_by: str,
    place: str = "clinic",
    note: str = "",
    visit_id: uuid.UUID | None = None,
    request_id: uuid.UUID | None = None,
) -> StaffResult:
    """Enter a result that was seen, as a clinician of `site_id`; a condition of the clearance is met or opened by it.

    Raises DecisionRefused, Stale, PermissionDenied.
    """
    clinician_at(by, site_id)
    content = {"patient": patient_id, "visit": visit_id, "kind": kind, "result": result, "on": done_on, "by": done_by,
               "place": place, "note": note}  # fmt: skip
    with deciding(), once(request_id, user_id=by.pk, intent="record-result", asked=content) as state:
        if state.repeated:
            return StaffResult.objects.get(pk=state.result["result"])
        patient = lock_patient(patient_id)
        if problems := _check_result(kind, result, done_on, done_by, today(patient.site.zone)):
            raise DecisionRefused(*problems)
        row = StaffResult.objects.create(
            patient=patient,
            site_id=site_id,
            visit_id=visit_id,
            kind=kind,
            result=result,
            done_on=done_on,
            done_by=done_by.strip(),
            place=place,
            note=note.strip(),
            again_on=done_on + PDMP_AGAIN if kind == StaffResult.Kind.PDMP else None,
            entered_by=by,
            entered_at=now(),
        )
        state.result["result"] = str(row.pk)
        record(Action.CREATE, "record-result", by=by, subject=row, patient_id=patient.pk, changes={"kind": kind})
        conditions.judge_result(by=by, result=row)
        _told(by, patient)
    return row


def _check_result(kind: str, result: str, done_on: date, done_by: str, on: date) -> list[Problem]:
    found = []
    if result not in RESULTS_OF.get(kind, ()):
        found.append(Problem("result", "Choose one of the results that this check can have."))
    if not on - OLDEST <= done_on <= on:
        found.append(Problem("done_on", "Enter the day it was done: not in the future, at most a year ago."))
    if not done_by.strip():
        found.append(Problem("done_by", "Say who did or read it."))
    return found


def void_entry(*, by: User, row: VitalSigns | StaffResult, why: str, request_id: uuid.UUID | None = None) -> None:
    """Mark an entry as made in error: it stays readable and no longer counts. Twice is once.

    Raises DecisionRefused without a reason, PermissionDenied.
    """
    clinician_at(by, row.site_id)
    reason = why.strip()
    if not reason:
        raise DecisionRefused(Problem("why", "Say what was wrong with it."))
    asked = {"row": row.pk, "why": reason}
    with deciding(), once(request_id, user_id=by.pk, intent="void-entry", asked=asked) as state:
        if state.repeated:
            return
        patient = lock_patient(row.patient_id)
        changed = type(row).objects.filter(pk=row.pk, void_at__isnull=True)
        if changed.update(void_at=now(), void_by=by, void_why=reason[:200]):
            fields = {"fields": ["void_at", "void_by", "void_why"]}
            record(Action.CHANGE, "void-entry", by=by, subject=row, patient_id=row.patient_id, changes=fields)
            if isinstance(row, StaffResult):
                conditions.result_void(by=by, result=row)
            _told(by, patient)


def decide_start(
    *,
    by: User,
    vitals: VitalSigns,
    start: bool,
    reason: str,
    request_id: uuid.UUID | None = None,
    signed: Confirmed | None = None,
) -> StartDecision:
    """Record what a clinician decided about the reading that stands at the gate (CLINICAL 1.6).

    After the repeats a clinician decides about readings on hold; above the limit not to start only a prescriber lets
    it start, which is an override. Raises NotConfirmed, DecisionRefused, Stale where another reading or decision came
    first, PermissionDenied.
    """
    clinician_at(by, vitals.site_id)
    signed_with = must_be_confirmed(by, signed)
    words = reason.strip()
    asked = {"vitals": vitals.pk, "start": start, "reason": words}
    with deciding(), once(request_id, user_id=by.pk, intent="decide-start", asked=asked) as state:
        if state.repeated:
            return StartDecision.objects.get(pk=state.result["decision"])
        lock_patient(vitals.patient_id)
        if vitals.visit_id is None:
            raise Stale("These readings belong to no visit.")
        gate = reading.gate_of(vitals.visit_id, now=now())
        fresh = VitalSigns.objects.get(pk=vitals.pk)
        if gate.last != reading.reading_of(fresh) or StartDecision.objects.filter(vitals=fresh).exists():
            raise Stale("Another reading or decision was entered meanwhile. Look at it first.")
        override = start and gate.step is Step.OVERRIDE
        if gate.step not in (Step.DECIDE, Step.OVERRIDE) and start:
            raise Stale("There is nothing to decide: measure again after the rest.")
        if override:
            prescriber_at(by, vitals.site_id)
        if not words:
            raise DecisionRefused(Problem("reason", "Give the reason: it is kept with your name."))
        made = StartDecision.objects.create(
            vitals=fresh, start=start, override=override, reason=words[:LONGEST_REASON], by=by, at=now()
        )
        state.result["decision"] = str(made.pk)
        changes = {"start": start, "override": override, "signed_with": signed_with}
        record(Action.SIGN, "decide-start", by=by, subject=made, patient_id=vitals.patient_id, changes=changes)
    return made


def _told(by: User, patient: Patient) -> None:
    """Keep what staff know now as facts, and ask the rules again (D31, D34, D35, D45, D62 to D64).

    Only what changed is kept; a fact that rested on an entry made in error is taken back.
    """
    rows = later_facts(patient, today(patient.site.zone))
    known = {name: row.value for name, row in rows.items() if row.cause == Screening.Cause.RESULTS}
    found = reading.measured_facts(patient.pk, now=now(), zone=patient.site.tz)
    if found.pop("weight_age_days", 0) > 1:  # a fact counts from when it is told: an old weight is none of today
        del found["weight_kg"]
    facts = {name: _plain(value) for name, value in found.items()}
    taken_back = {name: None for name in known if name not in facts}
    changed = {name: value for name, value in {**taken_back, **facts}.items() if known.get(name) != value}
    if changed:
        learn(patient=patient, facts=changed, cause=Screening.Cause.RESULTS, by=by)


def _plain(value: object) -> object:
    """A fact as the command `screen` has it: yes, no and unknown as words."""
    return value.value if isinstance(value, Tri) else value
