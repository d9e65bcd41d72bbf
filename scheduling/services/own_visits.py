"""What patients do with their own visits: choose a consultation, move and cancel, name who takes them home."""

import uuid
from datetime import datetime

from django.db import transaction

from intake.models import Patient
from intake.services.own_record import CALL_WITHIN
from intake.services.requests import answered_online
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.prepared import Prepared, Told
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.domain import errors
from scheduling.models import Appointment, Kind, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import calendar
from scheduling.services import booking

COMING = (Status.HELD, Status.BOOKED)
BY_PATIENT = "Cancelled by the patient"


class OtherState(errors.BookingRefused):
    """A clinician may see a patient by video only where they are licensed: in the site's state."""

    code = "other-state"
    default_say = "By video the patient has to be in the site's state at the time."
    default_say_patient = (
        "By video we may see you only while you are in California. Choose a time when you will be, come to the "
        "clinic, or call us."
    )


def coming_consultation(patient_id: uuid.UUID) -> Appointment | None:
    """The consultation that is booked and not over yet."""
    return _COMING.first(patient=patient_id, now=now())


_COMING = Prepared(
    lambda: Appointment.objects.filter(
        patient=Told("patient"), kind=Kind.CONSULTATION, status=Status.BOOKED, ends_at__gt=Told("now")
    ).order_by("starts_at")[:1]
)


def in_state(site: Site, state: str) -> None:
    """Raise OtherState where a patient on video would not be in the site's state."""
    if state != site.state:
        raise OtherState


def choose_consultation(
    *,
    by: User,
    patient: Patient,
    site: Site,
    starts_at: datetime,
    telehealth: bool,
    state: str = "",
    fallback_phone: str = "",
    clinician_id: uuid.UUID | None = None,
    request_id: uuid.UUID,
) -> Appointment:
    """Book a consultation for oneself, with whoever is free where nobody is named; open requests are answered by it.

    Raises BookingRefused.
    """
    if telehealth:
        in_state(site, state)
    if not calendar.visit_type(Kind.CONSULTATION).patient_may_book:
        raise errors.BookingRefused
    one = coming_consultation(patient.pk)
    if one is not None and one.starts_at != starts_at:
        raise errors.HasOne
    wish = booking.Wish(
        patient_id=patient.pk,
        kind=Kind.CONSULTATION,
        site_id=site.pk,
        starts_at=starts_at,
        clinician_id=clinician_id,
        telehealth=telehealth,
        patient_state=state if telehealth else "",
        fallback_phone=fallback_phone if telehealth else "",
    )
    visit = booking.book(by=by, wish=wish, request_id=request_id)
    # Apart from the booking: were it lost, the desk would call somebody who has a time, and nothing else.
    answered_online(by=by, patient_id=patient.pk)
    return visit


def name_escort(*, by: User, visit_id: uuid.UUID, name: str, phone: str, request_id: uuid.UUID) -> Appointment:
    """Say who takes the patient home after a visit; kept for the coming visits that name nobody yet as well.

    No news to the patient: the visit's version stays, and so do its reminders. Raises Stale once they are here.
    """
    asked = {"visit": visit_id, "name": name, "phone": phone}
    with transaction.atomic(durable=True), once(request_id, user_id=by.pk, intent="name-escort", asked=asked) as state:
        patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(user=by)
        visits = Appointment.objects.select_for_update(of=("self",), no_key=True).select_related("site")
        visit = visits.get(pk=visit_id, patient=patient)
        if state.repeated:
            return visit
        if visit.kind not in TREATMENTS or visit.status not in COMING:
            raise errors.Stale
        patient.escort_name, patient.escort_phone = name, phone
        patient.save(update_fields=["escort_name", "escort_phone"])
        visit.escort_name, visit.escort_phone = name, phone
        visit.save(update_fields=["escort_name", "escort_phone"])
        others = Appointment.objects.filter(patient=patient, kind__in=TREATMENTS, status__in=COMING, escort_name="")
        others.update(escort_name=name, escort_phone=phone)
        record(
            Action.CHANGE,
            "name who takes them home",
            by=by,
            subject=visit,
            patient_id=patient.pk,
            changes={"fields": ["escort_name", "escort_phone"]},
        )
    return visit


def move_own(
    *, by: User, visit: Appointment, version: int, starts_at: datetime, state: str = "", request_id: uuid.UUID
) -> Appointment:
    """Move a visit of one's own to a start that is offered, a video visit only to where clinicians are licensed.

    Raises BookingRefused. Nobody but staff books between the clinic's grid.
    """
    if visit.telehealth:
        in_state(visit.site, state)
    wall = starts_at.astimezone(visit.site.tz)
    if (60 * wall.hour + wall.minute) % ClinicSettings.current().grid_minutes or wall.second or wall.microsecond:
        raise errors.OutsideHours
    return booking.move(by=by, visit_id=visit.pk, version=version, starts_at=starts_at, request_id=request_id)


def cancel_own(*, by: User, visit: Appointment, version: int, why: str, request_id: uuid.UUID) -> Appointment:
    """Cancel a visit of one's own. For a treatment, the front desk is asked to call and find a new time."""
    if visit.status == Status.ARRIVED:  # they are here: the desk, not a page, hears of a change of mind
        raise errors.Stale
    words = f"{BY_PATIENT}: {why}" if why else BY_PATIENT
    done = booking.cancel(by=by, visit_id=visit.pk, version=version, why=words, request_id=request_id)
    if done.kind in TREATMENTS:
        # After the cancelling, which is a transaction of its own: were the task lost on the way, the patient saw no
        # answer and presses again, which cancels nothing twice and opens the one task.
        with transaction.atomic(durable=True):
            open_task(
                TaskKind.PATIENT_CALL,
                subject_type="intake.patient",
                subject_id=done.patient_id,
                queue=Queue.FRONT_DESK,
                due_at=now() + CALL_WITHIN,
                site_id=done.site_id,
                patient_id=done.patient_id,
            )
    return done
