"""The patient's intake: overview, one page for each part, item 9 on a page of its own, crisis page, check, sent."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.facts import values_of
from intake.forms.intake import SectionForm
from intake.models import Intake, Patient
from intake.queries import intake as reading
from intake.queries.safety import must_see
from intake.sections import Section, is_asked, worded
from intake.services import answers as saving
from intake.services import sending, versions
from intake.views import failsafe
from intake.views.anothers import not_yours
from intake.views.typed import (
    in_words_of,
    is_theirs,
    known_already,
    known_section,
    saved_words,
    unread_crisis,
    whose,
    words_of_crisis,
)
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.idempotency.services import RequestReused
from pacificmind.ui import nav
from pacificmind.ui.forms import RequestIdForm

log = structlog.get_logger(__name__)
P = ParamSpec("P")
PatientView = Callable[Concatenate[SignedInRequest, Patient, P], HttpResponseBase]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
LATER, MORE, GO_ON, IN_PERSON = "later", "more", "on", "person"


def for_patient(view: PatientView[P]) -> Guarded[P]:
    """Open to signed-in patients; those without a record tell about themselves first. Nothing typed is lost."""

    @page("patient")
    def with_record(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        patient = Patient.objects.select_related("site").filter(user=request.user).first()
        if patient is None:
            return redirect(nav.resolve("patient-about") or "/")
        if request.method != "POST" and must_see(patient) and request.path != reverse("intake-crisis"):
            return redirect("intake-crisis")  # before further questions, and not to be left out (CLINICAL 4.2)
        return view(request, patient, *args, **kwargs)

    @never_cache
    @wraps(with_record)
    def kept(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method == "POST" and not request.user.is_authenticated:
            return failsafe.signed_out(request)
        return with_record(request, *args, **kwargs)

    return cast(Guarded[P], kept)


@require_safe
@for_patient
def home(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """The parts of the intake, which are done, and the next one."""
    newest = reading.latest_intake(patient.pk)
    if newest is not None and newest.submitted_at is not None:
        return redirect("intake-done")
    viewed("intake-home", by=request.user, subject=newest, patient_id=patient.pk)
    where = reading.progress(newest)
    saved_at = reading.last_saved_at(newest)
    return render(
        request,
        "intake/home.html",
        {"where": where, "saved": saved_words(patient, saved_at), "begun": newest is not None},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def part(request: SignedInRequest, patient: Patient, slug: str) -> HttpResponseBase:
    """One part: shown with what was answered; saved whole, or as far as it goes."""
    asked = known_section(slug)
    if asked.alone:
        return redirect("intake-item9")
    if request.method == "POST":
        return _save_part(request, patient, asked)
    newest = reading.latest_intake(patient.pk)
    if newest is not None and newest.submitted_at is not None:
        return redirect("intake-done")
    values = values_of(reading.answers_of(newest).values())
    if not is_asked(asked, values):
        return redirect(reading.progress(newest, values).next_url)
    viewed("intake-part", by=request.user, subject=newest, patient_id=patient.pk)
    form = SectionForm(worded(asked, values, patient.language), values)
    form.suggest(known_already(patient))
    return show_part(request, patient, newest, values, form)


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def check(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """What is missing; when nothing is, send."""
    newest = reading.latest_intake(patient.pk)
    form = RequestIdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sending.submit_intake(by=request.user, patient=patient, request_id=form.cleaned_data["request_id"])
        except sending.IntakeIncomplete:
            form.add_error(None, "A few answers are still missing. Please look at the list.")
        except RequestReused as problem:
            form.add_error(None, problem.say)
        else:
            return redirect("intake-done")
    if newest is not None and newest.submitted_at is not None:
        return redirect("intake-done")
    if request.method != "POST":
        viewed("intake-check", by=request.user, subject=newest, patient_id=patient.pk)
    return render(request, "intake/check.html", {"where": reading.progress(newest), "form": form})


@require_safe
@for_patient
def done(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Sent: what happens next, and how to change something."""
    newest = reading.latest_submitted(patient.pk)
    if newest is None or reading.open_intake(patient.pk) is not None:
        return redirect("intake-home")
    viewed("intake-done", by=request.user, subject=newest, patient_id=patient.pk)
    return render(request, "intake/done.html", {"intake": newest, "site": patient.site, "form": RequestIdForm()})


@require_POST
@for_patient
def reopen(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Change my answers: a new version, filled with the last one's answers."""
    versions.open_next_version(by=request.user, patient=patient)
    return redirect("intake-home")


@require_safe
@page("patient")
def signed_in(request: SignedInRequest) -> HttpResponse:
    """Where a log-in in a second tab ends: go back to the first one and save."""
    return render(request, "intake/signed_in.html")


def _save_part(request: SignedInRequest, patient: Patient, asked: Section) -> HttpResponseBase:
    if not is_theirs(request, patient):
        return not_yours(request)
    newest = reading.latest_intake(patient.pk)
    values = values_of(reading.answers_of(newest).values())
    asked = worded(asked, values, patient.language)
    what = request.POST.get("do", GO_ON)
    in_person = what == IN_PERSON and not asked.spoken
    form = SectionForm(asked, values, request.POST, partial=what in (LATER, MORE), in_person=in_person)
    given, valid = form.given(), form.is_valid()
    try:
        saved = saving.save_section(
            by=request.user,
            patient=patient,
            section=asked,
            answers=given.answers,
            declined=given.declined,
            removed=given.removed,
            complete=valid and what in (GO_ON, IN_PERSON),
            reopen="reopen" in request.POST,
            page=form.page,
            in_person=form.in_person,
        )
    except versions.IntakeSent:
        if unread_crisis(request, form):
            return show_part(request, patient, newest, values | given.answers, form, crisis=True)
        return failsafe.keep(request, failsafe.SENT, reopen="yes")
    unread = unread_crisis(request, form)  # first: what raised one alert leaves no other words unread
    if saved.alert is not None or words_of_crisis(asked, given):
        return redirect("intake-crisis")
    if not valid or saved.elsewhere:
        form.remember(given)
        form.seen |= saved.elsewhere
        form.ask_which_holds(in_words_of(asked, saved.elsewhere))
        values |= given.answers | dict.fromkeys(given.declined)
        kept = saved_words(patient, saved.at) if given.answers or given.declined else ""
        return show_part(request, patient, saved.intake, values, form, kept, crisis=unread)
    return _go_on(request, patient, asked, saved, what)


def _go_on(
    request: SignedInRequest, patient: Patient, asked: Section, saved: saving.Saved, what: str
) -> HttpResponseBase:
    if what == MORE:
        return redirect("intake-section", slug=asked.slug)
    if what == LATER:
        messages.success(request, saved_words(patient, saved.at))
        return redirect("intake-home")
    return redirect(reading.progress(saved.intake).after(asked))


def show_part(
    request: SignedInRequest,
    patient: Patient,
    intake: Intake | None,
    values: dict[str, Any],
    form: SectionForm,
    saved: str = "",
    *,
    crisis: bool = False,
) -> HttpResponse:
    where = reading.progress(intake, values or None)
    return render(
        request,
        "intake/section.html",
        {
            "form": form,
            "section": form.section,
            "where": where,
            "number": where.number_of(form.section),
            "whose": whose(patient),
            "saved": saved,
            "crisis": crisis,
        },
    )
