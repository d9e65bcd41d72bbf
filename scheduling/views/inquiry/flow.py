"""The questions of an inquiry one part at a time, whichever door they are reached through.

Whatever goes wrong while a worrying answer is stored, the patient sees the crisis page.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from intake.domain import asq as screen
from intake.domain import inquiry as domain
from intake.forms.inquiry import InquiryForm, section_of
from intake.inquiry_parts import asq_question
from intake.models import Inquiry
from intake.queries import inquiries as queries
from intake.queries.asq import given
from intake.queries.safety import must_see, told, whereabouts
from intake.sections import Section
from intake.services import asq, inquiries
from intake.services.safety import crisis_seen
from intake.views import failsafe
from pacificmind.accounts.models import User
from pacificmind.audit.services import viewed
from scheduling.models import Appointment
from scheduling.models.appointment import Confirmed
from scheduling.services import confirming, readiness

log = structlog.get_logger(__name__)
PATHS = ("/answers/", "/your-answers/")
PROVED_FOR = timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the patient came in: who they are signed in as (None behind a link), and the two addresses."""

    by: User | None
    here: str
    help: str
    how: Confirmed

    @property
    def back_to(self) -> str:
        """Where the suicide screen leads back to; never an address that opens something by itself."""
        return self.here if self.by is not None else ""


def run(request: HttpRequest, row: Inquiry, door: Door) -> HttpResponse:
    """Show the next part, or store the one that is sent."""
    if request.method == "POST":
        if request.POST.get("do") == "confirm":
            confirm(row, door)
            return redirect(door.here)
        return _save(request, row, door)
    if must_see(row.patient):
        return redirect(door.help)  # before further questions, and not to be left out (CLINICAL 4.2)
    part = queries.next_part(row) if queries.is_open(row) and stands(row) else None
    if part == domain.SAFETY:
        return _show_screen(request, row, door)
    if part is None:
        return _end(request, row, door)
    return _show(request, row, door, InquiryForm(_section(row, part), {}))


def stands(row: Inquiry) -> bool:
    """Whether it is still about something: a visit that is booked as it was, or a check-in."""
    return bool(row.days_after) or readiness.visit_of(row.visit_id, row.visit_version) is not None


def confirm(row: Inquiry, door: Door) -> bool:
    """The patient comes."""
    return confirming.confirm(visit_id=row.visit_id, version=row.visit_version, how=door.how, by=door.by)


def help_now(request: HttpRequest, row: Inquiry, door: Door) -> HttpResponse:
    """Help, what was truly done, and a way on, which notes that the page was seen."""
    if request.method == "POST":
        crisis_seen(by=door.by, patient=row.patient)
        return redirect(door.here)
    more = queries.next_part(row) == domain.SAFETY if queries.is_open(row) else False
    with transaction.atomic():
        viewed("help page", by=request.user, patient_id=row.patient_id)
        return render(request, "intake/crisis.html", {"told": told(row.patient_id), "more": more})


def rescue(request: HttpRequest, status: int) -> HttpResponse | None:
    """What was posted here while nothing could be stored: the crisis page, or a page that keeps what was typed."""
    if request.method != "POST" or not request.path.startswith(PATHS):
        return None
    ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if needs_help_now(request):
        return failsafe.crisis_unsaved(request, status, carry=ours)
    if not ours:
        return None
    return failsafe.keep(request, failsafe.ONCE_MORE if status == failsafe.ONCE_MORE.status else failsafe.LATER)


def needs_help_now(request: HttpRequest) -> bool:
    """Whether this sends more than "not at all" to item 9, a Yes to the suicide screen, or words of crisis."""
    sent = request.POST
    if sent.get(failsafe.ANSWER, "").strip() in failsafe.ABOVE_NOT_AT_ALL or failsafe.says_crisis(request):
        return True
    return any(sent.get(f"asq-{number}") == "Y" for number in (*screen.FIRST_FOUR, screen.LAST))


def _save(request: HttpRequest, row: Inquiry, door: Door) -> HttpResponse:
    name = request.POST.get("part", "")
    try:
        return _store(request, row, door, name)
    except inquiries.Over:
        return redirect(door.here)
    except Exception as problem:
        if not needs_help_now(request):
            raise
        log.error("answer not stored", part=name, problem=type(problem).__name__)
        return failsafe.crisis_unsaved(request)


def _store(request: HttpRequest, row: Inquiry, door: Door, name: str) -> HttpResponse:
    if name == domain.SAFETY:
        return _store_screen(request, row, door)
    try:
        section = _section(row, name)
    except KeyError:
        return redirect(door.here)
    form = InquiryForm(section, {}, request.POST)
    if not form.is_valid():
        if crisis := form.crisis_texts():  # read now: they may never send it again
            inquiries.save_part(by=door.by, inquiry_id=row.pk, part="", answers=crisis)
        return _show(request, row, door, form, crisis=bool(crisis))
    given_here = form.given()
    saved = readiness.save(
        by=door.by,
        inquiry_id=row.pk,
        part=name,
        answers=given_here.answers,
        declined=given_here.declined,
        back_to=door.back_to,
    )
    return redirect(door.help if saved.alert is not None else door.here)


def _show(request: HttpRequest, row: Inquiry, door: Door, form: InquiryForm, *, crisis: bool = False) -> HttpResponse:
    """A part as a page. `form` may carry errors; `crisis`: words of crisis in it were told to the clinicians."""
    parts = queries.planned_parts(row)
    name = form.section.slug
    with transaction.atomic():
        viewed("questions", by=request.user, subject=row, patient_id=row.patient_id)
        context = {
            "form": form,
            "section": form.section,
            "before": not row.days_after,
            "number": parts.index(name) + 1 if name in parts else 1,
            "steps": len(parts),
            "crisis": crisis,
            "writes": any(item.kind in domain.WRITTEN for item in form.section.items),
        }
        return render(request, "inquiry/part.html", context)


def _section(row: Inquiry, name: str) -> Section:
    """A part as it is asked now. Raises KeyError."""
    return section_of(name, knows_escort=_knows_escort(row), knows_emergency=_knows_emergency(row))


def _knows_emergency(row: Inquiry) -> bool:
    return bool(row.patient.emergency_phone) or bool(whereabouts(row.patient_id).emergency_phone)


def _knows_escort(row: Inquiry) -> bool:
    visit = Appointment.objects.filter(pk=row.visit_id).only("escort_name").first()
    return visit is not None and bool(visit.escort_name)


# The suicide screen: one question a page, each stored and evaluated by itself


def _show_screen(request: HttpRequest, row: Inquiry, door: Door, form: InquiryForm | None = None) -> HttpResponse:
    sitting = queries.sitting_of(row)
    number = screen.next_number(given(sitting)) if sitting is not None else screen.FIRST_FOUR[0]
    if number is None:
        inquiries.finish_safety(inquiry_id=row.pk)
        return redirect(door.here)
    return _show(request, row, door, form or InquiryForm(asq_question(number), {}))


def _store_screen(request: HttpRequest, row: Inquiry, door: Door) -> HttpResponse:
    number = next((n for n in (*screen.FIRST_FOUR, screen.LAST) if f"asq-{n}" in request.POST), None)
    if number is None:
        sitting = queries.sitting_of(row)
        number = screen.next_number(given(sitting)) if sitting is not None else screen.FIRST_FOUR[0]
    form = InquiryForm(asq_question(number or screen.LAST), {}, request.POST)
    if not form.is_valid():
        return _show(request, row, door, form)
    sitting = queries.sitting_of(row)
    saved = asq.save_asq_answer(
        by=door.by,
        patient=row.patient,
        number=number or screen.LAST,
        value=form.cleaned_data[f"asq-{number}"],
        sitting_id=sitting.pk if sitting is not None else None,
        back_to=door.back_to,
    )
    inquiries.note_sitting(inquiry_id=row.pk, sitting_id=saved.sitting.pk)
    if saved.next_number is not None:
        return redirect(door.here)
    inquiries.finish_safety(inquiry_id=row.pk)
    return redirect(door.help if saved.alert is not None and saved.sitting.is_positive else door.here)


# The end


def _end(request: HttpRequest, row: Inquiry, door: Door) -> HttpResponse:
    """What becomes of the answers; or that there is nothing to answer any more."""
    before = not row.days_after
    visit = readiness.visit_of(row.visit_id, row.visit_version) if before else None
    with transaction.atomic():
        viewed("questions", by=request.user, subject=row, patient_id=row.patient_id)
        context = {
            "inquiry": row,
            "before": before,
            "visit": visit,
            "site": row.site,
            "sent": row.sent_at is not None,
            "look": bool(set(row.red) - {domain.ESCORT}),
            "escort": domain.ESCORT in row.red and visit is not None and not visit.escort_name,
            "home": reverse("patient-home") if door.by is not None else "",
            "asks": bool(row.parts),
        }
        return render(request, "inquiry/done.html", context)
