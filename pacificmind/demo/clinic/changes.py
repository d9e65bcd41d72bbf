"""What a front desk deals with this week: somebody ill, somebody who did not come, who waits, who cannot on Fridays."""

from datetime import date, time, timedelta

from intake.models import Patient
from pacificmind.clock import now
from pacificmind.demo.clinic import steps, treatment
from pacificmind.demo.clinic.steps import Clinic, Decided, Person
from pacificmind.demo.clinic.supply import LA
from pacificmind.demo.clinic.walk import at, instant, plan
from scheduling.models import Appointment, Kind, Series, Status
from scheduling.services import booking, door, possible_times, supply, waitlist

AWAY_IN = 3  # weekdays from today on which a nurse is away


def take_places(clinic: Clinic) -> None:
    """What needs free places of its own: before the rooms are filled."""
    a_missed_visit(clinic)
    to_be_laid_out_together(clinic)


def tell(clinic: Clinic) -> None:
    """What happens to visits that are there: after the rooms are full."""
    not_on_fridays(clinic)
    waiting_for_earlier(clinic)
    squeezed_in(clinic)
    a_nurse_is_ill(clinic)


def a_missed_visit(clinic: Clinic) -> None:
    """The second infusion of a series was missed on the last weekday: its week is thin, and a repair stands open."""
    missed = clinic.days.work(-1)
    days = plan(missed, before=1, after=4, per_week=2)
    priya = Person(given="Priya", family="Nair", born=date(1993, 3, 30))
    series = treatment.in_treatment(clinic, priya, Decided(), days, 1, wall=time(9, 15))
    visit = Appointment.objects.get(series=series, day=missed)
    with at(visit.ends_at):
        door.no_show(by=clinic.desk(LA), visit_id=visit.pk, version=visit.version)


def not_on_fridays(clinic: Clinic) -> None:
    """A patient in treatment has said when they can come."""
    victor = Patient.objects.get(given_name="Victor", family_name="Alvarez")
    times = possible_times.Times(weekdays=[0, 1, 2, 3], from_time=time(8), until_time=time(14))
    with at(clinic.back(1, time(19))):
        shown = possible_times.seen(possible_times.times_of(victor))
        possible_times.keep_times(by=steps.owner(victor), patient_id=victor.pk, shown=shown, times=times)


def to_be_laid_out_together(clinic: Clinic) -> None:
    """Cleared and ordered, waiting for their series beside the one of the story."""
    for place, (given, family) in enumerate((("Hana", "Kimura"), ("Jorge", "Salas"), ("Ruth", "Abrams"))):
        person = Person(given=given, family=family, born=date(1971 + 7 * place, 9, 3))
        steps.come_to_be_cleared(clinic, person, Decided(per_week=2 + place % 2), clinic.days.work(1))


def waiting_for_earlier(clinic: Clinic) -> None:
    """Two who would come earlier: one in the mornings, one at any time."""
    for given, wishes in (
        ("Marcus", waitlist.Wishes(weekdays=[0, 1, 2, 3, 4], until_time=time(12), hours_needed=24)),
        ("Keiko", waitlist.Wishes(hours_needed=48)),
    ):
        visit = Appointment.objects.filter(
            patient__given_name=given, status__in=(Status.BOOKED, Status.HELD), starts_at__gt=now()
        ).latest("starts_at")
        with at(clinic.back(1)):
            waitlist.join(by=clinic.desk(visit.site_id), visit_id=visit.pk, wishes=wishes)


def squeezed_in(clinic: Clinic) -> None:
    """A follow-up booked for before the doors open, with the front desk's reason beside it."""
    series = Series.objects.select_related("patient").get(patient__family_name="Rahman")
    day = clinic.days.work(2)
    booking.book(
        by=clinic.desk(LA),
        wish=booking.Wish(
            patient_id=series.patient_id,
            kind=Kind.FOLLOW_UP,
            site_id=LA,
            starts_at=instant(day, time(7, 15)),
            override_reason="Her train leaves at 9; Dr. Okafor agreed by phone.",
        ),
    )


def a_nurse_is_ill(clinic: Clinic) -> None:
    """A nurse is away on one of the next days: what lies in it waits to be repaired together."""
    day = clinic.days.work(AWAY_IN)
    with at(now() - timedelta(minutes=20)):
        supply.enter_leave(
            by=clinic.user("manager"),
            clinician_id=clinic.staff.clinicians["ortega"].pk,
            starts_at=instant(day, time(7)),
            ends_at=instant(day, time(19)),
            reason="Away",
        )
