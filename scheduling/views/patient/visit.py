"""One visit of the patient's own: what, when, where, how to prepare, who takes them home, the video room."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from phonenumber_field.phonenumber import to_python

from intake.models import Inquiry
from intake.queries import inquiries
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.models import Action
from pacificmind.audit.services import record, viewed
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.idempotency.services import RequestReused
from pacificmind.messaging.ics import invitation, sequence_of, uid_of
from pacificmind.ui.context import phone_words
from pacificmind.ui.parts import Row
from scheduling.domain.errors import BookingRefused
from scheduling.forms.patient import EscortForm
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.patient_known import visit_words
from scheduling.queries.waitlist import line_of
from scheduling.services.own_visits import COMING, name_escort
from scheduling.views.patient.common import own_visit

ROOM_OPENS = timedelta(minutes=15)  # before the start
ROOM_CLOSES = timedelta(minutes=30)  # after the planned end: some talks take longer


def may_change_online(visit: Appointment) -> bool:
    """Whether it is planned and the clinic's notice has not begun."""
    notice = timedelta(hours=ClinicSettings.current().notice_hours)
    return visit.status in COMING and visit.starts_at - now() >= notice


def can_wait(visit: Appointment) -> bool:
    """Whether it is still to come, so that an earlier time would be better."""
    return visit.status in COMING and visit.starts_at > now()


@never_cache
@require_safe
@page(Role.PATIENT)
def visit(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """What the patient needs to know about a visit, and what they can do about it."""
    found = own_visit(request, visit_id)
    viewed("patient-visit", by=request.user, subject=found, patient_id=found.patient_id)
    treatment, coming = found.kind in TREATMENTS, found.status in COMING and found.ends_at > now()
    return render(
        request,
        "patient/visit.html",
        {
            "visit": found,
            "what": visit_words(found),
            "treatment": treatment,
            "coming": coming,
            "held": found.status == Status.HELD,
            "can_change": coming and may_change_online(found),
            "can_wait": can_wait(found),
            "line": line_of(found) if can_wait(found) else None,
            "notice_hours": ClinicSettings.current().notice_hours,
            "rows": _rows(found),
            "no_escort": treatment and coming and not found.escort_name,
            "can_name": treatment and coming,
            "asked": _asked(found),
            "can_confirm": found.status == Status.BOOKED and found.starts_at > now() and not found.is_confirmed,
        },
    )


def _asked(found: Appointment) -> Inquiry | None:
    """What is asked before a treatment, while it can be answered or was."""
    row = inquiries.of_visit(found.pk, found.version) if found.kind in TREATMENTS else None
    return row if row is not None and (inquiries.is_open(row) or row.sent_at is not None) else None


def _rows(found: Appointment) -> list[Row]:
    minutes = int((found.ends_at - found.starts_at) / timedelta(minutes=1))
    rows = [Row("How long", f"About {minutes} minutes")]
    if found.telehealth:
        rows.append(Row("Where", "By video, from where you are"))
        rows.append(Row("If the video fails", f"We call you: {phone_words(to_python(found.fallback_phone))}"))
    else:
        rows.append(Row("Where", f"{found.site.name}, {found.site.address}"))
    rows.append(Row("With", str(found.clinician)))
    if found.escort_name:
        rows.append(Row("Who takes you home", f"{found.escort_name}, {phone_words(to_python(found.escort_phone))}"))
    return rows


@never_cache
@require_safe
@page(Role.PATIENT)
def calendar_file(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """The visit as a calendar file: the same name as in the mail, so that a calendar keeps one entry."""
    found = own_visit(request, visit_id)
    if found.status != Status.BOOKED:
        return redirect("patient-visit", visit_id=found.pk)
    record(Action.EXPORT, "calendar file", by=request.user, subject=found, patient_id=found.patient_id)
    content = invitation(
        uid=uid_of(found.pk),
        sequence=sequence_of(found.version),
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        zone=found.zone,
        location="Video visit" if found.telehealth else f"{found.site.name}, {found.site.address}",
        attendee=request.user.email,
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


@never_cache
@require_safe
@page(Role.PATIENT)
def room(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """The way into the video visit; its link is shown here alone, from 15 minutes before the start."""
    found = own_visit(request, visit_id)
    if not found.telehealth or found.status in (Status.CANCELLED, Status.NOSHOW):
        return redirect("patient-visit", visit_id=found.pk)
    viewed("visit-room", by=request.user, subject=found, patient_id=found.patient_id)
    opens_at = found.starts_at - ROOM_OPENS
    is_open = opens_at <= now() < found.ends_at + ROOM_CLOSES
    address = str(getattr(settings, "VIDEO_ROOM_URL", ""))
    link = address.format(room=found.meeting_token) if is_open and address else ""
    context = {"visit": found, "opens_at": opens_at, "open": is_open, "link": link, "over": now() >= opens_at}
    return render(request, "patient/room.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def escort(request: SignedInRequest, visit_id: UUID) -> HttpResponse:
    """Who takes the patient home."""
    found = own_visit(request, visit_id)
    if found.kind not in TREATMENTS or found.status not in COMING:
        return redirect("patient-visit", visit_id=found.pk)
    known = {
        "name": found.escort_name or found.patient.escort_name,
        "phone": found.escort_phone or found.patient.escort_phone,
    }
    form = EscortForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            name_escort(
                by=request.user,
                visit_id=found.pk,
                name=told["name"],
                phone=str(told["phone"]),
                request_id=told["request_id"],
            )
        except (BookingRefused, RequestReused) as error:
            form.add_error(None, error.say_patient if isinstance(error, BookingRefused) else error.say)
        else:
            messages.success(request, "Saved. They are named for your coming visits.")
            return redirect("patient-visit", visit_id=found.pk)
    if request.method != "POST":
        viewed("patient-visit-escort", by=request.user, subject=found, patient_id=found.patient_id)
    return render(request, "patient/escort.html", {"form": form, "visit": found})
