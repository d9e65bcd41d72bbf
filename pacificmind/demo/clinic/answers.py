"""What the demo's patients answered in their intake: everything ordinary, but for what makes a story."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from intake.models import Answer, Intake, Patient, SectionSaved
from intake.sections import ITEM9, Section, is_asked, sections
from intake.services import answers as intake_services
from intake.services import sending
from pacificmind.accounts.models import User

SERTRALINE = {"name": "sertraline", "dose": "100 mg", "often": "every morning"}
TRIALS = (
    {
        "drug": "sertraline",
        "mg": 150,
        "weeks": 12,
        "episode": "yes",
        "adherent": "yes",
        "outcome": "none",
        "source": "pharmacy",
    },
    {
        "drug": "venlafaxine",
        "mg": 150,
        "weeks": 10,
        "episode": "yes",
        "adherent": "yes",
        "outcome": "partial",
        "source": "patient",
    },
)
ORDINARY: Mapping[str, Any] = {
    "you.legal_sex": "female",
    "you.interpreter": "no",
    "care.who": ["prescriber", "therapist"],
    "care.may_ask": "yes",
    "reason.indications": ["depression"],
    "phq9.10": 2,
    **{f"gad7.{number}": answer for number, answer in enumerate((1, 1, 2, 1, 0, 1, 0), 1)},
    "pcptsd5.0": 0,
    "auditc.1": 1,
    "auditc.2": 0,
    "auditc.3": 0,
    "alcohol.sex": "female",
    "sisq.1": 0,
    "heart.stairs": "yes",
    "medicines.any": "yes",
    "trials.any": "yes",
    "pregnancy.now": "na",
    "pregnancy.could_be": "na",
    "pregnancy.trying": "na",
    "pregnancy.breastfeeding": "na",
    "ketamine.bad": "na",
    "body.height_ft": 5,
    "body.height_in": 6,
    "body.weight_lb": 158,
    "body.weight_when": "weeks",
    "body.systolic": 122,
    "body.diastolic": 78,
    "home.escort": "yes",
}
PCL5 = (3, 2, 1, 3, 2, 3, 3, 1, 2, 2, 3, 2, 2, 1, 2, 0, 3, 2, 2, 3)  # 42: clearly above the cut-off


@dataclass(frozen=True)
class Told:
    """One patient's answers: PHQ-9 items 1 to 9, and what differs from the ordinary."""

    phq9: tuple[int, ...] = (2, 2, 3, 2, 1, 2, 2, 1, 0)
    medicines: tuple[Mapping[str, Any], ...] = (SERTRALINE,)
    trials: tuple[Mapping[str, Any], ...] = TRIALS
    other: Mapping[str, Any] = field(default_factory=dict)


PLAIN = Told()
HIGH_TIMES_AND_DRINK = Told(
    phq9=(3, 3, 2, 3, 2, 2, 2, 1, 0),
    medicines=({"name": "lamotrigine", "dose": "200 mg", "often": "at night"},),
    other={
        "reason.indications": ["bipolar_depression", "anxiety"],
        "bipolar.told": "yes",
        "bipolar.four_days": "yes",
        "bipolar.family": "yes",
        "bipolar.medicine": "yes",
        "auditc.1": 4,
        "auditc.2": 2,
        "auditc.3": 3,
        "alcohol.daily_heavy": "yes",
        "sisq.1": 30,
        "taps1.1": "never",
        "taps1.2": "weekly",
        "taps1.3": "daily",
        "taps1.4": "never",
        "drugs.cannabis": "yes",
    },
)
EVENT = Told(
    phq9=(2, 3, 3, 3, 1, 3, 2, 1, 0),
    other={
        "reason.indications": ["depression", "ptsd"],
        "pcptsd5.0": 1,
        "pcptsd5.1": 1,
        "pcptsd5.2": 1,
        "pcptsd5.3": 1,
        "pcptsd5.4": 1,
        "pcptsd5.5": 0,
        **{f"pcl5.{number}": answer for number, answer in enumerate(PCL5, 1)},
    },
)
HEAVY = Told(phq9=(3, 3, 3, 3, 2, 3, 2, 2, 2))
PRESSURE = Told(other={"heart.pressure_treated": "yes", "body.systolic": 146, "body.diastolic": 92})


def values(told: Told, patient: Patient) -> dict[str, Any]:
    """Every answer by its question; the rows of the two tables apart."""
    found: dict[str, Any] = {item.id: "no" for part in sections() for item in part.items if item.kind == "yesno"}
    found |= {f"phq9.{number}": answer for number, answer in enumerate(told.phq9, 1)}
    found |= {
        "contact.place": f"At home, {patient.site.name}",
        "contact.phone": str(patient.phone or "+12135550100"),
        "contact.emergency_name": "Robin Castle",
        "contact.emergency_phone": "+12135550188",
        "home.escort_name": "Robin Castle",
        "home.escort_phone": "+12135550188",
    }
    return {**found, **ORDINARY, **told.other}


def of_section(part: Section, told: Told, every: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of one part, its rows included."""
    answers = {item.id: every[item.id] for item in part.items if item.id in every}
    rows = {"medicine": told.medicines, "trial": told.trials}.get(part.rows or "", ())
    return answers | {f"{part.rows}.{number:08x}": dict(row) for number, row in enumerate(rows, 1)}


def fill(patient: Patient, told: Told = PLAIN, *, by: User, parts: int | None = None) -> None:
    """Answer the intake part by part, as the pages do; the first `parts` of them, or all."""
    every = values(told, patient)
    for part in sections()[:parts]:
        if not is_asked(part, every):
            continue
        if part.alone:
            intake_services.save_item9(by=by, patient=patient, value=every[ITEM9])
        else:
            intake_services.save_section(by=by, patient=patient, section=part, answers=of_section(part, told, every))


def fill_and_send(patient: Patient, told: Told = PLAIN, *, by: User) -> None:
    """Answer everything and send it."""
    fill(patient, told, by=by)
    sending.submit_intake(by=by, patient=patient)


def send_at_once(patient: Patient, told: Told = PLAIN, *, by: User) -> None:
    """The same intake in a few statements, for those whose intake is history; scored and screened as any other."""
    every = values(told, patient)
    intake = Intake.objects.create(patient=patient, number=1)
    asked = [part for part in sections() if is_asked(part, every)]
    Answer.objects.bulk_create(
        Answer(
            intake=intake,
            section=part.slug,
            item=item,
            instrument=_instrument(part, item),
            value=value,
            answered_by=by,
        )
        for part in asked
        for item, value in of_section(part, told, every).items()
    )
    SectionSaved.objects.bulk_create(SectionSaved(intake=intake, section=part.slug) for part in asked)
    Patient.objects.filter(pk=patient.pk).update(
        emergency_name=every["contact.emergency_name"],
        emergency_phone=every["contact.emergency_phone"],
        escort_name=every["home.escort_name"],
        escort_phone=every["home.escort_phone"],
    )
    patient.refresh_from_db()
    sending.submit_intake(by=by, patient=patient)


def _instrument(part: Section, item_id: str) -> str:
    return next((item.instrument for item in part.items if item.id == item_id), "")
