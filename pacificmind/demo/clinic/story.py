"""The patients with a story: one at every step of the path."""

from datetime import date, time, timedelta

from intake.domain.decisions import ConditionAsked
from intake.models import BoosterOrder, Clearance, ConsultationRequest, Patient, SafetyAlert
from intake.services import alerts, inbox, patients
from intake.services import clearance as clearance_services
from intake.services.requests import Asked, submit_request
from pacificmind.accounts import reauth
from pacificmind.clock import now
from pacificmind.demo.clinic import answers, asked, reviewing, safety, steps, treatment
from pacificmind.demo.clinic.steps import Clinic, Decided, Person
from pacificmind.demo.clinic.supply import LA, LB
from pacificmind.demo.clinic.walk import at, instant, plan
from pacificmind.messaging.models import Message
from scheduling.models import Kind
from scheduling.services import booking, boosters, door
from scheduling.services.notify import BOOSTER_DUE

DUE_NOW = ("Daniel", "Whitfield")


def tell(clinic: Clinic) -> None:
    """All of them, each from the first step to today."""
    before_the_record(clinic)
    consultations(clinic)
    intakes(clinic)
    safety.rota(clinic)
    alerts_open(clinic)
    safety.alert_closed(clinic)
    decided(clinic)
    reviewing.reviews(clinic)
    series_running(clinic)
    series_in_trouble(clinic)
    today_at_the_desk(clinic)
    after_the_series(clinic)


def before_the_record(clinic: Clinic) -> None:
    """Requests of strangers, an account without anything, people entered at the desk."""
    told = {
        "naomi": ("Naomi", "Feld", LA, "My doctor thinks this could be worth a talk. I have tried two medicines."),
        "carlos": ("Carlos", "Medina", LB, "I would like to know whether this is for me, and what it costs."),
        "sofia": ("Sofia", "Marin", LA, "My sister was with you and felt better. I work nights."),
        "ben": ("Ben", "Halloran", LA, "Nothing has helped for a year and I feel there is nothing to live for."),
    }
    made: dict[str, ConsultationRequest] = {}
    for place, (key, (given, family, site, reason)) in enumerate(told.items()):
        asked = Asked(
            site_id=site,
            given_name=given,
            family_name=family,
            telehealth=key == "carlos",
            times=["mon-am", "thu-pm"],
            birth_on=date(1979 + place * 4, 3 + place, 11),
            email=f"{given}.{family}@example.com".lower(),
            phone=f"+1213555012{place}",
            reach="email" if key == "carlos" else "phone",
            may_leave_message=key != "ben",
            language="es" if key == "carlos" else "en",
            reason=reason,
        )
        with at(now() - timedelta(hours=2 if key == "ben" else 5 + 9 * place)):
            made[key] = submit_request(by=None, asked=asked)
    with at(now() - timedelta(hours=3)):
        inbox.log_attempt(
            by=clinic.desk(LA),
            consultation_request_id=made["sofia"].pk,
            version=made["sofia"].version,
            outcome="no_answer",
            note="Works nights: try after 3 pm.",
        )
    steps.sign_up(clinic, Person(given="Elena", family="Park", born=date(1991, 7, 2)))
    with at(clinic.back(3, time(11))):
        patients.enter_patient(
            by=clinic.desk(LA),
            details=patients.Details(
                given_name="Walter",
                family_name="Simmons",
                birth_on=date(1951, 2, 17),
                phone="+12135550131",
                site_id=LA,
                emergency_name="June Simmons",
                emergency_phone="+12135550132",
            ),
        )
    twin = Person(given="Maria", family="Gonzalez", born=date(1986, 9, 14), site=LB, phone="+15625550133")
    steps.open_record(clinic, twin, clinic.back(6))
    with at(clinic.back(2, time(14))):
        patients.enter_patient(
            by=clinic.desk(LB),
            details=patients.Details(
                given_name="Maria",
                family_name="Gonzales",
                birth_on=date(1986, 9, 14),
                phone="+15625550133",
                site_id=LB,
            ),
            somebody_else=True,
        )


def consultations(clinic: Clinic) -> None:
    """A consultation at the clinic and one by video, both to come; one that was moved, one cancelled, one missed."""
    days = clinic.days
    marcus = Person(given="Marcus", family="Hill", born=date(1983, 5, 21))
    patient = steps.open_record(clinic, marcus, clinic.back(3, time(19)))
    with at(clinic.back(3, time(19, 10))):
        steps.book_talk(patient, days.work(4), time(10), by=steps.owner(patient))
    yuki = Person(given="Yuki", family="Tanaka", born=date(1994, 11, 3), site=LB)
    patient = steps.open_record(clinic, yuki, clinic.back(2, time(8)))
    with at(clinic.back(2, time(8, 15))):
        steps.book_talk(patient, days.work(3), time(15), by=steps.owner(patient), telehealth=True)
    for given, family, ends in (("Owen", "Pratt", "cancelled"), ("Delia", "Romano", "noshow"), ("Ian", "Shaw", "held")):
        person = Person(given=given, family=family, born=date(1980, 1, 30))
        patient = steps.open_record(clinic, person, clinic.back(8))
        with at(clinic.back(7)):
            visit = steps.book_talk(patient, days.work(-2), time(11), by=clinic.desk(LA))
        if ends == "cancelled":
            with at(clinic.back(4)):
                booking.cancel(by=clinic.desk(LA), visit_id=visit.pk, version=visit.version, why="Ill; will call again")
        elif ends == "noshow":
            with at(visit.ends_at):
                door.no_show(by=clinic.desk(LA), visit_id=visit.pk, version=visit.version)
        else:
            steps.hold_talk(clinic, visit)


def intakes(clinic: Clinic) -> None:
    """An intake half done; one sent; one with much to read."""
    amy = Person(given="Amy", family="Collins", born=date(1989, 12, 9))
    patient = steps.open_record(clinic, amy, clinic.back(2))
    with at(clinic.back(1, time(20))):
        answers.fill(patient, by=steps.owner(patient), parts=11)
    for given, family, site, told, ago in (
        ("Peter", "Lindqvist", LA, answers.PLAIN, 2),
        ("Rachel", "Stone", LA, answers.HIGH_TIMES_AND_DRINK, 1),
        ("Lucia", "Ferrer", LB, answers.EVENT, 1),
    ):
        person = Person(given=given, family=family, born=date(1984, 6, 18), site=site)
        patient = steps.open_record(clinic, person, clinic.back(ago + 2))
        with at(clinic.back(ago, time(16))):
            answers.fill_and_send(patient, told, by=steps.owner(patient))


def alerts_open(clinic: Clinic) -> None:
    """Item 9 above 0 and the screen after it: one alert that waits for somebody, one that a prescriber has taken."""
    for given, family, taken, said in (("Jasmine", "Carter", False, "NYNNN"), ("Tom", "Becker", True, "YNNYN")):
        person = Person(given=given, family=family, born=date(1992, 8, 25))
        patient = steps.open_record(clinic, person, clinic.back(3))
        with at(now() - timedelta(hours=4 if taken else 1)):
            answers.fill_and_send(patient, answers.HEAVY, by=steps.owner(patient))
            safety.answer_the_screen(patient, said)
        if taken:
            with at(now() - timedelta(hours=3)):
                alerts.acknowledge(by=clinic.prescriber(LA), alert=SafetyAlert.objects.get(patient=patient))


def decided(clinic: Clinic) -> None:
    """Cleared with conditions open; cleared and ordered, not laid out."""
    tomorrow = clinic.days.work(1)
    olivia = Person(given="Olivia", family="Grant", born=date(1968, 4, 4), phone="+12135550157")
    conditions = (ConditionAsked("ecg"), ConditionAsked("bp_log"))
    steps.come_to_be_cleared(clinic, olivia, Decided(conditions=conditions), tomorrow, answers.PRESSURE)
    samuel = Person(given="Samuel", family="Osei", born=date(1987, 10, 12))
    steps.come_to_be_cleared(clinic, samuel, Decided(per_week=3, booster_after=28), tomorrow)


def series_running(clinic: Clinic) -> None:
    """Two of six done and the review due; one done and the rest held; one released; one at the other site."""
    last = clinic.days.work(-1)
    for given, family, site, done, per_week, wall in (
        ("Nadia", "Rahman", LA, 2, 2, time(10, 15)),
        ("Victor", "Alvarez", LA, 1, 3, time(8)),
        ("Chloe", "Dubois", LA, 4, 3, time(12, 30)),
        ("Henry", "Adeyemi", LB, 3, 2, time(8, 30)),
    ):
        days = plan(last, before=done - 1, after=6 - done, per_week=per_week)
        person = Person(given=given, family=family, born=date(1990, 2, 22), site=site)
        treatment.in_treatment(clinic, person, Decided(per_week=per_week, booster_after=21), days, done, wall=wall)


def series_in_trouble(clinic: Clinic) -> None:
    """A clearance that ends before the last visits do."""
    harold = Person(given="Harold", family="Jensen", born=date(1959, 7, 7))
    days = plan(clinic.days.work(-2), before=1, after=4, per_week=2)
    series = treatment.in_treatment(clinic, harold, Decided(), days, 2, wall=time(14, 45))
    shorter = Decided(infusions=0, weeks=1, note="Blood pressure has to be looked at again before the second half.")
    steps.decide(clinic, series.patient, shorter, now() - timedelta(hours=1))


def today_at_the_desk(clinic: Clinic) -> None:
    """Two visits today, asked about the day before: one is ready, of the other the desk reads "ask the clinician"."""
    today = clinic.days.visit_day
    wall = now().astimezone(clinic.supply.sites[LA].tz).time()
    for given, family in (("Andre", "Washington"), ("Leila", "Haddad")):
        days = plan(today, before=1, after=4, per_week=2)
        person = Person(given=given, family=family, born=date(1977, 1, 19))
        series = treatment.in_treatment(clinic, person, Decided(), days, 1, wall=wall)
        asked.before_visit(
            series.visits.get(day=today, number=2),
            ready={"ready.medicines": "yes", "ready.medicines_words": "A new tablet"} if given == "Leila" else {},
        )
        if given == "Leila":
            newest = Clearance.objects.filter(patient=series.patient).latest("signed_at")
            with at(now() - timedelta(minutes=30)):
                clearance_services.withdraw_clearance(
                    by=clinic.prescriber(LA),
                    clearance=newest,
                    why="New medicine since the last visit: talk first.",
                    signed=reauth.of_this_moment(clinic.prescriber(LA), "password"),
                )


def after_the_series(clinic: Clinic) -> None:
    """A booster that falls due now; one to choose a time for; one declined, and worse since; one booked."""
    _completed(clinic, *DUE_NOW, LA, weeks=3)
    grace = _completed(clinic, "Grace", "Lindholm", LA, weeks=1)
    with at(clinic.back(1, time(11))):
        clearance_services.record_reevaluation(
            by=clinic.prescriber(LA),
            order=BoosterOrder.objects.get(patient=grace),
            supports_booster=True,
            note="She asked early: a hard month is ahead. Good gain so far.",
            signed=reauth.of_this_moment(clinic.prescriber(LA), "password"),
        )
    irene = _completed(clinic, "Irene", "Kowalski", LB, weeks=2)
    with at(clinic.back(1)):
        order = BoosterOrder.objects.get(patient=irene)
        boosters.decline(by=steps.owner(irene), order_id=order.pk)
    asked.check_in(irene, 3, each=0)
    asked.check_in(irene, 7, each=2)
    keiko = _completed(clinic, "Keiko", "Mori", LA, weeks=2)
    with at(clinic.back(1)):
        order = BoosterOrder.objects.get(patient=keiko)
        clearance_services.record_reevaluation(
            by=clinic.prescriber(LA),
            order=order,
            supports_booster=True,
            note="Benefit held; mood dips this week.",
            signed=reauth.of_this_moment(clinic.prescriber(LA), "password"),
        )
        found = steps.nearest_free(keiko, Kind.BOOSTER, clinic.days.work(6), time(12, 30))
        wish = booking.Wish(
            patient_id=keiko.pk, kind=Kind.BOOSTER, site_id=LA, starts_at=found.start, booster_order_id=order.pk
        )
        booking.book(by=clinic.desk(LA), wish=wish)


def booster_due_now() -> Message:
    """The reminder of whose booster falls due today."""
    given_name, family_name = DUE_NOW
    patient = Patient.objects.get(given_name=given_name, family_name=family_name)
    return Message.objects.get(purpose=BOOSTER_DUE, recipient_id=patient.pk)


def _completed(clinic: Clinic, given: str, family: str, site: str, *, weeks: int) -> Patient:
    """A series of six whose last infusion was so many weeks ago; boosters are due three weeks after it."""
    last = clinic.days.today - timedelta(weeks=weeks)
    due = clinic.days.today + timedelta(weeks=3 - weeks)
    while last.weekday() > 4:  # Friday
        last -= timedelta(days=1)
    person = Person(given=given, family=family, born=date(1974, 3, 8), site=site)
    what = Decided(per_week=3, booster_after=(due - last).days)
    series = treatment.in_treatment(
        clinic, person, what, plan(last, before=5, after=0, per_week=3), 6, wall=time(10, 15)
    )
    week_after = instant(last + timedelta(days=7), time(12))
    if week_after < now():
        treatment.ask(clinic, series.patient, week_after, treatment.AFTER)
    return series.patient
