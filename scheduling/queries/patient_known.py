"""What is known of a patient to the patient: read once, for the home page and its next step."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from intake.models import Clearance, Intake, Patient
from intake.queries import standing
from intake.queries.intake import IntakeStep, next_intake_step
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from scheduling.models import Appointment, Kind, Series, Status

COMING = (Status.HELD, Status.BOOKED)
HERE = (Status.ARRIVED, Status.CHECKED_IN)


@dataclass(frozen=True)
class Known:
    """What the home page is made of, read once."""

    patient: Patient
    visits: list[Appointment]
    decision: Clearance | None
    intake: IntakeStep
    sent: list[Intake]
    series: Series | None

    @property
    def coming(self) -> list[Appointment]:
        """Visits that are planned and not over yet, by time."""
        return [one for one in self.visits if one.status in (*COMING, *HERE) and one.ends_at > now()]

    @property
    def next_booked(self) -> Appointment | None:
        """The next visit that is certain."""
        return next((one for one in self.coming if one.status != Status.HELD), None)

    @property
    def consultation(self) -> Appointment | None:
        """The consultation that is coming or took place."""
        held = [one for one in self.visits if one.kind == Kind.CONSULTATION]
        counts = [one for one in held if one in self.coming or one.status == Status.FULFILLED]
        return counts[-1] if counts else None

    @property
    def unread(self) -> bool:
        """Whether something was sent that no decision has followed yet."""
        last = self.sent[-1].submitted_at if self.sent else None
        return last is not None and (self.decision is None or self.decision.signed_at < last)


def own_visits(user: User) -> QuerySet[Appointment]:
    """All visits of the user's own record, but those entered in error."""
    visits = Appointment.objects.filter(patient__user=user).exclude(status=Status.ENTERED_IN_ERROR)
    return visits.select_related("patient__site", "site", "clinician__user", "room", "series__order", "booster_order")


def read(patient: Patient, user: User) -> Known:
    """What is known of a patient, in a fixed number of queries."""
    visits = list(own_visits(user).order_by("starts_at"))
    decision = standing.latest_decision(patient.pk)
    return Known(
        patient=patient,
        visits=visits,
        decision=decision if decision is not None and decision.withdrawn_at is None else None,
        intake=next_intake_step(patient),
        sent=list(Intake.objects.filter(patient=patient, submitted_at__isnull=False).order_by("number")),
        series=Series.objects.filter(patient=patient, status=Series.Status.OPEN).first(),
    )


def visit_words(visit: Appointment) -> str:
    """What a visit is to the patient: "Consultation by video", "Infusion 3 of 6"."""
    if visit.kind == Kind.INFUSION and visit.series is not None:
        return f"Infusion {visit.number} of {visit.series.order.infusions}"
    if visit.kind == Kind.BOOSTER:
        return "Single infusion"
    return f"{Kind(visit.kind).label} by video" if visit.telehealth else str(Kind(visit.kind).label)


def when(visit: Appointment) -> str:
    """When and where, the place named once."""
    return when_words(visit.starts_at, visit.site.tz, now(), visit.site.name)


def visit_url(visit: Appointment) -> str:
    """Its page."""
    return reverse("patient-visit", args=[visit.pk])
