"""One visit: who, what, when, where, its history, what may be done now; moved and cancelled here."""

import uuid
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from intake.queries.inquiries import before
from intake.queries.inquiry_lines import Read, read
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from scheduling.domain import errors
from scheduling.domain.walltime import DAY, day_of, wall_of
from scheduling.forms.desk import MoveForm
from scheduling.forms.desk_steps import CancelForm, StepForm, steps_for
from scheduling.models import Appointment, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries import visits as queries
from scheduling.queries.hand_over import may_be_handed_over
from scheduling.queries.history import history
from scheduling.services import booking, notify
from scheduling.views.desk import free
from scheduling.views.desk.booking import renew
from scheduling.views.desk.shared import JUST_BOOKED, READERS, WRITERS
from scheduling.views.desk.undo import keep, way_back
from scheduling.views.desk.words import visit_rows

MAY_CANCEL = (Status.HELD, Status.BOOKED, Status.ARRIVED)
JUST = timedelta(minutes=2)  # so long a page that is opened again says that its visit was booked
TOLD, CALL = " The patient is told.", " No mail reaches this patient: call them."


def visit_of(request: SignedInRequest, pk: uuid.UUID, *, to_change: bool = False) -> Appointment:
    """A visit at a site of the user; 404 for another's, the same as for none."""
    found = get_object_or_404(queries.visits_seen_by(request.user), pk=pk)
    if to_change and found.site_id not in request.user.sites():
        raise Http404
    return found


@require_safe
@page(*READERS)
def show(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The visit and its history."""
    found = visit_of(request, visit)
    if JUST_BOOKED in request.GET and now() - found.made_at < JUST:
        words = when_words(found.starts_at, found.site.tz, now(), found.site.name)
        messages.success(request, f"Booked: {words}.")
    return show_visit(request, found)


def show_visit(
    request: SignedInRequest, visit: Appointment, *, refused: str = "", form: StepForm | None = None, step: str = ""
) -> HttpResponse:
    """The visit page; after a refused step with its reason on top, and with the form as it was filled in."""
    may_write = visit.site_id in request.user.sites()
    steps = steps_for(visit, user=request.user, at=now()) if may_write else []
    one = queries.shown([visit], at=now())[0]
    with transaction.atomic():
        viewed("visit", by=request.user, subject=visit, patient_id=visit.patient_id)
        context = {
            "visit": visit,
            "site": visit.site,
            "one": one,
            "rows": visit_rows(one),
            "steps": steps,
            "refused": refused,
            "refused_form": form if step in {one.name for one in steps} else None,
            "refused_step": step,
            "history": history(visit, every="all" in request.GET),
            "may_move": may_write and visit.status in booking.MOVABLE,
            "may_cancel": may_write and visit.status in MAY_CANCEL,
            "answers": _answers(request, visit),
            "ways": _ways(request, visit),
            "way_back": way_back(request, visit) if may_write else None,
            "may_hand_over": may_write and may_be_handed_over(visit),
            "may_measure": visit.kind in TREATMENTS and visit.site_id in request.user.sites(Role.CLINICIAN),
        }
        return render(request, "desk/visit.html", context)


def _ways(request: SignedInRequest, visit: Appointment) -> list[tuple[str, str]]:
    """Where this user goes on from a visit, as (label, url): patient, series, for clinicians how it goes."""
    sites = request.user.sites()
    ways = []
    if visit.patient.site_id in sites or (visit.is_active and visit.site_id in sites):
        ways.append(("The patient", reverse("desk-patient", args=[visit.patient_id])))
        if request.user.sites(Role.CLINICIAN) and visit.kind in TREATMENTS:
            ways.append(("How it goes", reverse("clinic-outcomes", args=[visit.patient_id])))
    if visit.series is not None and visit.series.site_id in sites:
        ways.insert(1, ("The series", reverse("desk-series", args=[visit.series_id])))
    return ways


def _answers(request: SignedInRequest, visit: Appointment) -> Read | None:
    """What was answered before the visit: for clinicians of its site alone."""
    if visit.kind not in TREATMENTS or visit.site_id not in request.user.sites(Role.CLINICIAN):
        return None
    row = before([visit.pk]).get(visit.pk)
    if row is None:
        return None
    viewed("answers before a visit", by=request.user, subject=row, patient_id=visit.patient_id)
    return read(row)


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def move(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Move a visit: to a free and lawful time by button, or to any day and time that is typed."""
    seen = visit_of(request, visit, to_change=True)
    wall = wall_of(seen.starts_at, seen.site.tz)
    initial = {"version": seen.version, "on": wall.date(), "at": wall.time()}
    form = MoveForm(request.POST or None, initial=initial, site=seen.site, user=request.user)
    near: list[Any] = []
    law = ""
    if form.is_valid():
        data = form.cleaned_data
        try:
            moved = booking.move(
                by=request.user,
                visit_id=seen.pk,
                version=data["version"],
                starts_at=data["starts_at"],
                clinician_id=data["clinician_id"],
                room_id=None if seen.telehealth else data["room_id"],
                deviation_reason=data.get("deviation_reason", ""),
                override_reason=data["override_reason"],
                request_id=data["request_id"],
            )
        except errors.BookingRefused as refused:
            seen = visit_of(request, visit, to_change=True)
            form.add_error(None, refused.say)
            form.offer_override(refused)
            renew(form, refused)
            _heal(form, refused, seen)
            if not isinstance(refused, errors.Stale):
                taken = isinstance(refused, errors.SlotTaken)
                near, law = free.instead(free.of_visit(seen), form.wanted(), then_too=taken)
        else:
            keep(request, seen, moved, reasons=bool(data["override_reason"] or data.get("deviation_reason")))
            words = when_words(moved.starts_at, moved.site.tz, now(), moved.site.name)
            messages.success(request, f"Moved to {words}{_with_others(seen, moved)}.{_call_them(moved)}")
            return redirect("desk-visit", visit=moved.pk)
    from_day = _from_day(request, seen)
    movable = seen.status in booking.MOVABLE
    with transaction.atomic():
        viewed("move a visit", by=request.user, subject=seen, patient_id=seen.patient_id)
        context = {
            "visit": seen,
            "site": seen.site,
            "rows": visit_rows(queries.shown([seen], at=now())[0], short=True),
            "form": form,
            "near": near,
            "law": law,
            "movable": movable,
            "days": free.by_day(free.of_visit(seen), from_day) if movable else [],
            "from_day": from_day,
            "until_day": from_day + 6 * DAY,
            "earlier": _earlier(seen, from_day),
            "later": from_day + 7 * DAY,
        }
        return render(request, "desk/visit_move.html", context)


def _heal(form: Any, refused: errors.BookingRefused, seen: Appointment) -> None:
    """After Stale the form goes on from the visit as it is now, which the page shows."""
    if isinstance(refused, errors.Stale):
        form.data = form.data.copy()
        form.data["version"] = str(seen.version)


def _with_others(before: Appointment, moved: Appointment) -> str:
    """What changed besides the time, to be seen at once: another clinician, another room."""
    who = f", with {moved.clinician}" if moved.clinician_id != before.clinician_id else ""
    room = f", {moved.room}" if moved.room_id not in (None, before.room_id) else ""
    return f"{who}{room}"


def _call_them(visit: Appointment) -> str:
    """What the front desk has to do where no message can."""
    return "" if notify.reaches(visit.patient_id) else CALL


def _from_day(request: SignedInRequest, visit: Appointment) -> date:
    """The first day of the free times: the one in the address, else three days before the visit; never the past."""
    today = day_of(now(), visit.site.tz)
    try:
        asked = date.fromisoformat(request.GET.get("from", ""))
    except ValueError:
        asked = visit.day - 3 * DAY
    return min(max(asked, today), today + 365 * DAY)


def _earlier(visit: Appointment, from_day: date) -> date | None:
    today = day_of(now(), visit.site.tz)
    return max(from_day - 7 * DAY, today) if from_day > today else None


def _with_repair(visit: Appointment) -> str:
    """That the mail waits a moment, where the series can be repaired."""
    minutes = ClinicSettings.current().repair_grace_minutes
    if visit.series is None or visit.series.status != Series.Status.OPEN or not minutes:
        return ""
    within = f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f" Their mail leaves in {within}: repair the series before that, and one mail tells of both."


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def cancel(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """Asks once, names what is lost, and cancels with the reason."""
    seen = visit_of(request, visit, to_change=True)
    form = CancelForm(request.POST or None, initial={"version": seen.version})
    if form.is_valid():
        data = form.cleaned_data
        try:
            booking.cancel(
                by=request.user,
                visit_id=seen.pk,
                version=data["version"],
                why=data["why"],
                request_id=data["request_id"],
            )
        except errors.BookingRefused as refused:
            seen = visit_of(request, visit, to_change=True)
            form.add_error(None, refused.say)
            renew(form, refused)
            _heal(form, refused, seen)
        else:
            messages.success(
                request, f"Cancelled. The place is free again.{_call_them(seen) or TOLD + _with_repair(seen)}"
            )
            return redirect("desk-visit", visit=seen.pk)
    with transaction.atomic():
        viewed("cancel a visit", by=request.user, subject=seen, patient_id=seen.patient_id)
        context = {
            "visit": seen,
            "site": seen.site,
            "rows": visit_rows(queries.shown([seen], at=now())[0], short=True),
            "form": form,
            "possible": seen.status in MAY_CANCEL,
            "told": _call_them(seen) or TOLD,
        }
        return render(request, "desk/visit_cancel.html", context)
