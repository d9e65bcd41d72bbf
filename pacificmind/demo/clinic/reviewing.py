"""Around the reviews: questions to patients, readings, results, a decision that lapsed, a record opened elsewhere."""

from datetime import date, timedelta

from intake.models import Intake, Patient
from intake.services import measures, openings, questions
from pacificmind.clock import now, today
from pacificmind.demo.clinic import steps
from pacificmind.demo.clinic.steps import Clinic, Decided, Person
from pacificmind.demo.clinic.supply import LA, LB
from pacificmind.demo.clinic.walk import at


def reviews(clinic: Clinic) -> None:
    """A question that waits, one that was answered; readings from home; a lapse; a record opened across sites."""
    asked(clinic)
    measured(clinic)
    lapsed(clinic)
    opened(clinic)


def asked(clinic: Clinic) -> None:
    """Peter has not answered yet; Rachel has."""
    told = {
        "Lindqvist": ("Since when do you take your present medicine?", ""),
        "Stone": (
            "You wrote of times of very high mood. Did anybody ever give you a medicine for them?",
            "Lithium, in 2019, for about a year. I stopped because of the shaking.",
        ),
    }
    for family, (text, reply) in told.items():
        intake = Intake.objects.select_related("patient__site", "patient__user").get(patient__family_name=family)
        with at(now() - timedelta(hours=6)):
            question = questions.ask(by=clinic.prescriber(LA), intake=intake, text=text)
        if reply:
            with at(now() - timedelta(hours=2)):
                questions.answer(by=steps.owner(intake.patient), question=question, text=reply)


def measured(clinic: Clinic) -> None:
    """Olivia's condition asks for an ECG and a log of her pressure."""
    olivia = Patient.objects.get(family_name="Grant")
    nurse = clinic.nurse(LA)
    for days, systolic, diastolic in ((3, 144, 88), (2, 139, 86), (1, 136, 84)):
        taken = now() - timedelta(days=days)
        reading = measures.Measured(
            measured_at=taken, place="home", systolic=systolic, diastolic=diastolic, heart_rate=74
        )
        measures.record_vitals(by=nurse, patient_id=olivia.pk, site_id=LA, asked=reading)
    for kind, result in (("ecg", "normal"), ("pdmp", "normal")):
        measures.record_result(
            by=nurse,
            patient_id=olivia.pk,
            site_id=LA,
            kind=kind,
            result=result,
            done_on=today(olivia.site.zone),
            done_by="Grace Kim, RN",
        )


def lapsed(clinic: Clinic) -> None:
    """Cleared, and then a urine screen that nobody had expected."""
    iris = Person(given="Iris", family="Walsh", born=date(1982, 3, 30))
    patient = steps.come_to_be_cleared(clinic, iris, Decided(), clinic.days.work(1))
    measures.record_result(
        by=clinic.nurse(LA),
        patient_id=patient.pk,
        site_id=LA,
        kind="urine_screen",
        result="unexpected",
        done_on=today(patient.site.zone),
        done_by="Grace Kim, RN",
        note="Amphetamine. She names no medicine that would explain it.",
    )


def opened(clinic: Clinic) -> None:
    """A prescriber of Long Beach read a record of Los Angeles this morning."""
    with at(now() - timedelta(hours=2)):
        openings.open_record(
            by=clinic.prescriber(LB),
            phone="+12135550157",
            birth_on=date(1968, 4, 4),
            why="cover",
            reason="On call for both sites: she telephoned about her blood pressure.",
        )
