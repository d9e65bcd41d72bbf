"""Who is on call, and an alert from the first answer to the follow-up."""

from datetime import date, time, timedelta

from intake.models import Patient, SafetyAlert
from intake.services import alerts, asq, oncall, safetyplan
from pacificmind.demo.clinic import answers, steps
from pacificmind.demo.clinic.steps import Clinic, Person
from pacificmind.demo.clinic.supply import LA, LB
from pacificmind.demo.clinic.walk import at, instant

EVENING = time(18)
PLAN = {
    "signs": "I stop answering messages. Sundays are the worst.",
    "alone": "Walk to the harbor. The green playlist. A cold shower.",
    "around": "The café on 4th Street. My neighbor's dog.",
    "people": "My sister Meera. Jo from work.",
    "professionals": "The clinic, in the daytime. 988 at night.",
    "surroundings": "Meera keeps the old tablets.",
    "reasons": "Seeing my niece start school.",
}


def rota(clinic: Clinic) -> None:
    """Los Angeles is covered for nine days; Long Beach has a gap that the manager is to fill."""
    manager, first = clinic.user("manager"), clinic.days.today - timedelta(days=1)
    for key, site, since, until in (("okafor", LA, -10, 5), ("reyes", LA, 5, 10), ("tran", LB, -10, 5)):
        oncall.add_duty(
            by=manager,
            user_id=clinic.user(key).pk,
            site_ids=[site],
            starts_at=instant(first + timedelta(days=since), EVENING),
            ends_at=instant(first + timedelta(days=until), EVENING),
        )
    oncall.set_page_phone(by=manager, user_id=clinic.user("okafor").pk, phone="+12135550191")


def answer_the_screen(patient: Patient, letters: str) -> None:
    """The suicide screen, answered as far as the letters go."""
    for number, letter in enumerate(letters, 1):
        asq.save_asq_answer(by=steps.owner(patient), patient=patient, number=number, value=letter)


def alert_closed(clinic: Clinic) -> None:
    """Taken, assessed and documented on the last working day, with a plan; the follow-up is owed today."""
    person = Person(given="Miriam", family="Farrow", born=date(1981, 3, 2))
    patient = steps.open_record(clinic, person, clinic.back(4))
    doctor = clinic.prescriber(LA)
    with at(clinic.back(1, time(14))):
        answers.fill_and_send(patient, answers.HEAVY, by=steps.owner(patient))
        answer_the_screen(patient, "YNNNN")
    alert = SafetyAlert.objects.get(patient=patient)
    first = clinic.user("reyes")
    with at(clinic.back(1, time(14, 3))):
        alerts.acknowledge(by=first, alert=alert)
    with at(clinic.back(1, time(14, 10))):
        alerts.give_back(by=first, alert=alert, why="A visit begins now. She expects our call.", to_id=doctor.pk)
    with at(clinic.back(1, time(14, 12))):
        alerts.acknowledge(by=doctor, alert=alert)
    with at(clinic.back(1, time(15))):
        safetyplan.save_plan(by=doctor, patient=patient, parts=PLAN, seen=0, as_clinician=True)
        documented = alerts.Documented(
            tool="C-SSRS and a conversation by telephone",
            level=SafetyAlert.Level.LOW,
            plan="Her sister keeps the tablets. She calls us tomorrow before noon.",
            safety_plan=SafetyAlert.Plan.MADE,
            follow_up_on=clinic.days.today,
            disposition="At home with her sister.",
        )
        alerts.close_alert(by=doctor, alert=alert, documented=documented)
