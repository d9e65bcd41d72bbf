"""At the door: arrival, check-in, start, completion, no-show. One gate is asked at check-in and at the start."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date

from intake.queries import inquiries, standing
from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from scheduling.domain import errors
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Kind, Status
from scheduling.models.appointment import TREATMENTS, Fasted
from scheduling.services import authority, boosters, checkins, notify, protocol, series, telling, vitals
from scheduling.services.booking import free_up
from scheduling.services.locks import booking, lock

CHECK_IN = "check in"
#: CLINICAL 1.8: all are ticked by named staff before a patient leaves.
DISCHARGE = (
    "orientation and gait as before",
    "no or mild dissociation",
    "blood pressure within limits and falling",
    "oxygen and heart rate as before",
    "nausea controlled",
    "line removed",
    "asked about thoughts of suicide since arrival",
    "responsible adult present",
    "written instructions given",
)


def may_start(visit: Appointment, *, measured: bool = True) -> None:
    """The gate: P6, P7, P9, P10 and the vital signs as they are now, and answers before the visit that wait for a look.

    Raises what stands in the way; consultations pass. At check-in nothing is `measured` yet: readings are asked when
    the visit starts (CLINICAL 1.6).
    """
    if visit.kind not in TREATMENTS:
        return
    today = day_of(now(), visit.site.tz)
    if visit.day != today:
        raise errors.OutsideHours("This visit is planned for another day.")
    if visit.status == Status.HELD:
        raise errors.ReviewNeeded
    clearance = standing.clearance_in_force(visit.patient_id, on=today, site_id=visit.site_id, kind=visit.kind)
    if clearance is None or standing.conditions_open(clearance):
        raise errors.NotCleared
    if standing.urgent_alert_open(visit.patient_id):
        raise errors.SafetyHold
    if not standing.consent_signed(visit.patient_id):
        raise errors.BookingRefused("The current consent is not signed yet.")
    if visit.series is not None:
        protocol.check_pause(visit.series, {*_given(visit), visit.day}, {visit.day})
    if visit.booster_order is not None:
        protocol.check_booster(visit.booster_order, visit.day, without=[visit.pk])
    if visit.kind == Kind.BOOSTER and not standing.phq9_since(visit.patient_id, now=now()):
        raise errors.ReviewNeeded("The questionnaire of the last 72 hours is missing (P10). Ask the clinician.")
    if inquiries.waits_for_a_look([visit.pk]):
        raise errors.ReviewNeeded(errors.ASK_THE_CLINICIAN)
    if measured:
        vitals.check_start(visit)


def _given(visit: Appointment) -> set[date]:
    """The days on which the series took place. A visit that nobody marked as missed is no visit given (P9)."""
    given = Appointment.objects.filter(series=visit.series, status__in=(Status.CHECKED_IN, Status.FULFILLED))
    return set(given.values_list("day", flat=True))


def arrive(*, by: User, visit_id: uuid.UUID, version: int, request_id: uuid.UUID | None = None) -> Appointment:
    """The patient is here."""
    return _step(by, visit_id, version, request_id, "arrive", {Status.BOOKED: Status.ARRIVED}, ["arrived_at"])


def check_in(
    *,
    by: User,
    visit_id: uuid.UUID,
    version: int,
    escort_name: str = "",
    escort_phone: str = "",
    fasted: str = "",
    request_id: uuid.UUID | None = None,
) -> Appointment:
    """The gate is passed, and somebody named takes the patient home. `fasted`: yes, no, or empty for not asked."""

    def gate(visit: Appointment) -> list[str]:
        may_start(visit, measured=False)
        visit.escort_name = (escort_name or visit.escort_name).strip()[:120]
        visit.escort_phone = (escort_phone or visit.escort_phone).strip()[:40]
        if visit.kind in TREATMENTS and not visit.escort_name:
            raise errors.BookingRefused("Name the person who takes the patient home first.")
        if visit.kind in TREATMENTS and fasted in Fasted.values:
            visit.fasted = fasted
        return ["escort_name", "escort_phone", "fasted"]

    steps = {Status.ARRIVED: Status.CHECKED_IN, Status.BOOKED: Status.CHECKED_IN}
    return _step(by, visit_id, version, request_id, CHECK_IN, steps, ["checked_in_at"], gate)


def begin(*, by: User, visit_id: uuid.UUID, version: int, request_id: uuid.UUID | None = None) -> Appointment:
    """The infusion starts: the gate is asked again, by a clinician; by a prescriber where the patient did not fast."""

    def gate(visit: Appointment) -> list[str]:
        authority.needs_clinician(by, visit.site_id)
        if visit.started_at is not None:
            raise errors.Stale
        may_start(visit)
        if visit.fasted == Fasted.NO and PRESCRIBER not in by.roles:
            raise errors.ReviewNeeded("The patient did not fast: a prescriber decides whether this visit starts (D79).")
        return []

    return _step(
        by, visit_id, version, request_id, "start", {Status.CHECKED_IN: Status.CHECKED_IN}, ["started_at"], gate
    )


def fulfil(
    *,
    by: User,
    visit_id: uuid.UUID,
    version: int,
    discharge: Mapping[str, bool] | None = None,
    request_id: uuid.UUID | None = None,
) -> Appointment:
    """It took place. A clinician completes an infusion, after the discharge list; the desk may complete a talk."""

    def gate(visit: Appointment) -> list[str]:
        if visit.kind not in TREATMENTS:
            return []
        authority.needs_clinician(by, visit.site_id)
        if visit.started_at is None:
            raise errors.BookingRefused("Mark the start of this visit first.")
        if not all((discharge or {}).get(point) for point in DISCHARGE):
            raise errors.BookingRefused("Tick every point of the discharge list before the patient leaves.")
        visit.discharge = {"points": list(DISCHARGE), "by": str(by.pk), "at": now().isoformat()}
        return ["discharge"]

    steps = {Status.CHECKED_IN: Status.FULFILLED}
    if Appointment.objects.filter(pk=visit_id).exclude(kind__in=TREATMENTS).exists():
        steps |= {Status.ARRIVED: Status.FULFILLED, Status.BOOKED: Status.FULFILLED}
    return _step(by, visit_id, version, request_id, "complete", steps, ["finished_at"], gate)


def no_show(*, by: User, visit_id: uuid.UUID, version: int, request_id: uuid.UUID | None = None) -> Appointment:
    """The patient did not come: the place is free, the series is told."""
    asked = {"visit": visit_id, "version": version}
    with booking(), once(request_id, user_id=by.pk, intent="no-show", asked=asked) as request:
        visit = _locked(by, visit_id, version, repeated=request.repeated)
        if request.repeated:
            return visit
        if visit.status not in (Status.BOOKED, Status.HELD):
            raise errors.Stale
        if visit.starts_at > now():
            raise errors.TooShortNotice("This visit has not begun yet; cancel it instead.")
        free_up(visit, Status.NOSHOW, leaves_at=notify.grace_ends())
        record(
            Action.CHANGE, "no-show", by=by, subject=visit, patient_id=visit.patient_id, changes={"status": "noshow"}
        )
        notify.visit_over(visit)
    return visit


def _locked(by: User, visit_id: uuid.UUID, version: int, *, repeated: bool) -> Appointment:
    seen = Appointment.objects.get(pk=visit_id)
    authority.needs_staff(by, seen.site_id, Role.FRONT_DESK, Role.CLINICIAN)
    lock(patients=[seen.patient_id])
    visit = (
        Appointment.objects.select_related("patient", "site", "series__order", "series__site", "booster_order")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=visit_id)
    )
    if not repeated and visit.version != version:
        raise errors.Stale
    return visit


def _step(
    by: User,
    visit_id: uuid.UUID,
    version: int,
    request_id: uuid.UUID | None,
    name: str,
    steps: Mapping[Status, Status],
    stamps: list[str],
    gate: Callable[[Appointment], list[str]] | None = None,
) -> Appointment:
    """Move a visit one step on, once, from one of the statuses it may have."""
    asked = {"visit": visit_id, "version": version, "step": name}
    with booking(), once(request_id, user_id=by.pk, intent=name, asked=asked) as request:
        visit = _locked(by, visit_id, version, repeated=request.repeated)
        if request.repeated:
            return visit
        after = steps.get(Status(visit.status))
        if after is None:
            if visit.status == Status.HELD:
                raise errors.ReviewNeeded
            raise errors.Stale
        if visit.day > day_of(now(), visit.site.tz):
            raise errors.OutsideHours("This visit is planned for another day.")
        written = gate(visit) if gate else []
        visit.status = after
        visit.version += 1
        for stamp in stamps:
            setattr(visit, stamp, now())
        visit.save(update_fields=["status", "version", *stamps, *written])
        record(Action.CHANGE, name, by=by, subject=visit, patient_id=visit.patient_id, changes={"status": visit.status})
        if name == CHECK_IN:
            telling.tell_check_in(visit, by)
        if after == Status.FULFILLED:
            _after_fulfilled(visit)
            telling.tell_course(visit, by)
    return visit


def _after_fulfilled(visit: Appointment) -> None:
    notify.visit_over(visit)
    if visit.series is not None:
        series.after_fulfilled(visit.series)
    if visit.kind == Kind.BOOSTER:
        boosters.after_fulfilled(visit)
    if visit.kind in TREATMENTS:
        checkins.begin(visit)
