"""What staff measured and saw of a patient: for the gate at the door, for screening, for pages of clinicians."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from intake.domain.conditions import opened_by
from intake.domain.facts import Tri
from intake.domain.vitals import Band, Gate, Limits, Reading, band_before, band_during, gate
from intake.models import Condition, StaffResult, VitalSigns
from intake.queries.standing import latest_decision
from pacificmind.accounts.models import Role, User
from pacificmind.clinic.models import ClinicSettings
from pacificmind.ui.parts import Part, part

MOST = 20  # rows of each on the record
PRESSURE_COUNTS = timedelta(days=90)  # an older pressure says little about today
PHASE_BEFORE = VitalSigns.Phase.BEFORE
DURING = (VitalSigns.Phase.DURING, VitalSigns.Phase.AFTER)
BAND_WORDS: Mapping[Band, tuple[str, str, str]] = {  # word, tone, shape
    Band.OK: ("Within the limits", "calm", "check"),
    Band.HOLD: ("Above the limit to wait", "person", "triangle"),
    Band.STOP: ("Above the limit not to start", "person", "octagon"),
    Band.URGENT: ("Urgent band: look now", "person", "octagon"),
    Band.PART: ("Not all was measured", "plain", "dash"),
}


def limits() -> Limits:
    """The clinic's limits as they are now."""
    row = ClinicSettings.current()
    return Limits(**{field.name: getattr(row, field.name) for field in fields(Limits)})


def reading_of(row: VitalSigns) -> Reading:
    """A row as the domain knows it, with the decision about it where one was recorded."""
    decision = getattr(row, "decision", None)
    return Reading(
        measured_at=row.measured_at,
        systolic=row.systolic,
        diastolic=row.diastolic,
        heart_rate=row.heart_rate,
        spo2=row.spo2,
        symptoms=tuple(row.symptoms),
        start=decision.start if decision is not None else None,
    )


def band_of(row: VitalSigns, found: Limits) -> Band:
    """The band of a row in the phase it was measured in; at a talk those before an infusion."""
    reading = reading_of(row)
    return band_during(reading, found) if row.phase in DURING else band_before(reading, found)


def of_visit(visit_id: uuid.UUID) -> QuerySet[VitalSigns]:
    """Every row of a visit, those entered in error too, by time."""
    rows = VitalSigns.objects.filter(visit_id=visit_id).select_related("entered_by", "void_by", "decision__by")
    return rows.order_by("measured_at", "entered_at")


def gate_of(visit_id: uuid.UUID, *, now: datetime, rows: Iterable[VitalSigns] | None = None) -> Gate:
    """What the readings before this infusion say at this moment (CLINICAL 1.6)."""
    found = of_visit(visit_id) if rows is None else rows
    before = [row for row in found if row.phase == PHASE_BEFORE and row.void_at is None]
    return gate([reading_of(row) for row in before], limits(), now)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with its band in words, tone and shape. The band is that of the day it was entered."""

    row: VitalSigns
    word: str
    tone: str
    shape: str

    @property
    def pressure(self) -> str:
        """Such as "128/82"; a dash where it was not measured."""
        return f"{self.row.systolic}/{self.row.diastolic}" if self.row.systolic is not None else "–"

    @property
    def symptoms(self) -> str:
        """Symptoms in words."""
        names = dict(VitalSigns.Symptom.choices)
        return ", ".join(names.get(one, one) for one in self.row.symptoms)


def shown(rows: Iterable[VitalSigns]) -> list[Shown]:
    """Rows with their bands; no query."""
    return [Shown(row, *BAND_WORDS[Band(row.band)]) if row.band else Shown(row, "", "plain", "dash") for row in rows]


def recent(patient_id: uuid.UUID, *, most: int | None = MOST) -> Part[VitalSigns]:
    """The newest rows of a patient that are not void."""
    rows = VitalSigns.objects.filter(patient_id=patient_id, void_at__isnull=True)
    found = rows.select_related("entered_by", "site", "decision__by").order_by("-measured_at", "-entered_at")
    return part(found, most)


def results(patient_id: uuid.UUID, *, most: int | None = MOST) -> Part[StaffResult]:
    """The newest results of a patient that are not void."""
    rows = StaffResult.objects.filter(patient_id=patient_id, void_at__isnull=True)
    return part(rows.select_related("entered_by", "site").order_by("-done_on", "-entered_at"), most)


def vitals_of(by: User) -> QuerySet[VitalSigns]:
    """Rows that were entered at the clinician's sites, or of patients of these."""
    sites = by.sites(Role.CLINICIAN)
    return VitalSigns.objects.filter(site__in=sites).select_related("patient__site", "site", "decision")


def condition_met_with(row: StaffResult) -> Condition | None:
    """The condition of a clearance that this result meets, if there is one."""
    return Condition.objects.filter(met_with=row).first()


def condition_opened_by(row: StaffResult) -> Condition | None:
    """The open condition of the governing decision that this result speaks against, if there is one."""
    kind, decision = opened_by(row.kind, row.result), latest_decision(row.patient_id)
    if kind is None or decision is None:
        return None
    return Condition.objects.filter(clearance=decision, kind=kind, text="", met_at__isnull=True).first()


def results_of(by: User) -> QuerySet[StaffResult]:
    """The same of results."""
    return StaffResult.objects.filter(site__in=by.sites(Role.CLINICIAN)).select_related("patient__site", "site")


def measured_facts(patient_id: uuid.UUID, *, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The facts of screening that staff know, by name: they stand in for what the patient told (D31, D34, D35, D45).

    Only what was seen counts: a negative pregnancy test does not answer whether somebody could be pregnant, so that
    it silences nothing. Pressures around an infusion are judged at its own gate, and are none of these.
    """
    vitals, found = recent(patient_id, most=None), dict[str, Any]()  # 20 may all be of a single infusion
    today = now.astimezone(zone).date()
    calm = (row for row in vitals if row.phase == VitalSigns.Phase.OFFICE)
    pressure = next((row for row in calm if row.systolic is not None), None)
    if pressure is not None and now - pressure.measured_at <= PRESSURE_COUNTS:
        found |= {"bp_systolic": pressure.systolic, "bp_diastolic": pressure.diastolic}
    if (weighed := next((row for row in vitals if row.weight_kg is not None), None)) is not None:
        age = (today - weighed.measured_at.astimezone(zone).date()).days
        found |= {"weight_kg": float(weighed.weight_kg or 0), "weight_age_days": max(age, 0)}
    if (tall := next((row for row in vitals if row.height_cm is not None), None)) is not None:
        found["height_cm"] = float(tall.height_cm or 0)
    return found | _seen(results(patient_id, most=None), today)


def _seen(rows: Iterable[StaffResult], today: date) -> dict[str, Any]:
    newest: dict[str, StaffResult] = {}
    for row in rows:
        newest.setdefault(row.kind, row)
    found: dict[str, Any] = {}
    if (urine := newest.get(StaffResult.Kind.URINE)) is not None:
        known = {StaffResult.Result.UNEXPECTED: Tri.YES, StaffResult.Result.EXPECTED: Tri.NO}
        found["urine_tox_unexpected"] = known.get(StaffResult.Result(urine.result), Tri.UNKNOWN)
    pregnancy = newest.get(StaffResult.Kind.PREGNANCY)
    if pregnancy is not None and pregnancy.result == StaffResult.Result.POSITIVE:
        found["pregnant"] = Tri.YES
    return found
