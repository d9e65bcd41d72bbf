"""What screening has to know of a visit and a series is told to intake when it happens (D67, D79, D85, D86)."""

from intake.services import screening
from pacificmind.accounts.models import User
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.outcomes import courses, totals

PHQ9 = "PHQ-9"


def tell_check_in(visit: Appointment, by: User) -> None:
    """Whether they fasted, and that somebody takes them home: true of this day."""
    if visit.kind not in TREATMENTS:
        return
    facts: dict[str, object] = {"escort_confirmed": "yes"} if visit.escort_name else {}
    if visit.fasted:
        facts["fasted"] = visit.fasted
    if facts:
        screening.check_in_told(patient=visit.patient, facts=facts, by=by, day=visit.day)


def tell_course(visit: Appointment, by: User) -> None:
    """After an infusion: how many there were, the PHQ-9 of the series' baseline, the last before this infusion.

    They count once a PHQ-9 is answered after this infusion: gain and worsening speak of that one.
    """
    if visit.kind not in TREATMENTS:
        return
    began_at = visit.started_at or visit.starts_at
    before = [one.score for one in totals(visit.patient_id) if one.instrument == PHQ9 and one.at < began_at]
    given, baseline = None, None
    if visit.series is not None:
        given = Appointment.objects.filter(series=visit.series, status=Status.FULFILLED).count()
        read, _ = courses([visit.series], PHQ9)[visit.series.pk]
        baseline = read.baseline.score if read.baseline else None
    screening.course_told(
        patient=visit.patient, infusions=given, baseline=baseline, before=before[-1] if before else None, by=by
    )
