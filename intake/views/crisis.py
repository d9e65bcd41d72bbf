"""PHQ-9 item 9, where the patient is, help at once, and the suicide screen question by question."""

import uuid

import structlog
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from intake.domain import asq as screen
from intake.facts import values_of
from intake.forms.crisis import AsqForm, WhereForm
from intake.forms.intake import SectionForm
from intake.models import AsqSitting, Patient
from intake.queries import asq as asked
from intake.queries import intake as reading
from intake.queries.safety import must_see, told, whereabouts
from intake.sections import CONTACT, ITEM9, item9_section, section, worded
from intake.services import answers as saving
from intake.services.asq import Saved, save_asq_answer
from intake.services.safety import crisis_seen
from intake.services.whereabouts import WHERE, tell_whereabouts
from intake.views import failsafe
from intake.views.anothers import not_yours
from intake.views.intake import LATER, for_patient, show_part
from intake.views.typed import is_theirs, saved_words, told_clinicians, whose
from pacificmind.accounts.access import SignedInRequest
from pacificmind.audit.services import viewed

log = structlog.get_logger(__name__)
BACK = "back"


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def item9(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """PHQ-9 item 9: one question, one POST, evaluated in the transaction that stores it."""
    if request.method == "POST":
        return _save_item9(request, patient)
    newest = reading.latest_intake(patient.pk)
    if newest is not None and newest.submitted_at is not None:
        return redirect("intake-done")
    values = values_of(reading.answers_of(newest).values())
    contact = section(CONTACT)
    if any(item.id not in values for item in contact.items if item.required):
        messages.info(request, "First tell us where you are and how to reach you. Then we go on.")
        return redirect("intake-section", slug=CONTACT)
    if not whereabouts(patient.pk).fresh:
        return redirect("intake-where")
    viewed("intake-item9", by=request.user, subject=newest, patient_id=patient.pk)
    return show_part(
        request, patient, newest, values, SectionForm(worded(item9_section(), values, patient.language), values)
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def where(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Where the patient is now: asked again where it was told some time ago, before anything about suicide is asked."""
    known = whereabouts(patient.pk)
    form = WhereForm(request.POST or None, initial=WhereForm.initial_of(known))
    if request.method == "POST":
        if not is_theirs(request, patient):
            return not_yours(request)
        if form.is_valid():
            tell_whereabouts(by=request.user, patient=patient, **form.told())
            return redirect("intake-asq" if asked.open_sitting_of(patient.pk) else "intake-item9")
        texts = [request.POST.get(name, "") for name in ("place", "emergency_name")]
        in_crisis = told_clinicians(request, texts, WHERE)
    else:
        in_crisis = False
        viewed("intake-where", by=request.user, patient_id=patient.pk)
    context = {"form": form, "whose": whose(patient), "known": known, "crisis": in_crisis}
    return render(request, "intake/where.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def crisis(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Help now, what was truly done, and a way on, which notes that the page was seen."""
    if request.method == "POST":
        crisis_seen(by=request.user, patient=patient)
        return redirect(_after_crisis(patient))
    viewed("intake-crisis", by=request.user, patient_id=patient.pk)
    return render(
        request,
        "intake/crisis.html",
        {
            "told": told(patient.pk),
            "must_see": must_see(patient),
            "next_url": _after_crisis(patient),
            "more": asked.open_sitting_of(patient.pk) is not None,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_patient
def asq(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """The suicide screen: one question a page at one address, each answer evaluated as it is stored."""
    if request.method == "POST":
        return _save_asq(request, patient)
    sitting = asked.open_sitting_of(patient.pk)
    if sitting is None:
        return redirect(_after_crisis(patient))
    if not whereabouts(patient.pk).fresh:
        return redirect("intake-where")
    number = screen.next_number(asked.given(sitting)) or screen.LAST
    viewed("intake-asq", by=request.user, subject=sitting, patient_id=patient.pk)
    return _show_asq(request, patient, sitting, number, AsqForm(number, patient.language))


def _show_asq(
    request: SignedInRequest, patient: Patient, sitting: AsqSitting | None, number: int, form: AsqForm
) -> HttpResponse:
    context = {
        "form": form,
        "number": number,
        "sitting": sitting.pk if sitting else "",
        "whose": whose(patient),
        "language": form.instrument.language,
        "notice": form.instrument.licence,
        "can_go_back": number > 1,
    }
    return render(request, "intake/asq.html", context)


def _save_asq(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Whatever goes wrong while a Yes is stored, the patient sees the crisis page."""
    urgent = failsafe.needs_help_now(request)
    if not is_theirs(request, patient):
        return not_yours(request)
    number = _number(request.POST.get("number", ""))
    key = _uuid(request.POST.get("sitting", ""))
    sitting = AsqSitting.objects.filter(pk=key, patient=patient).first() if key else None
    if number is None:
        return redirect("intake-asq")
    if request.POST.get("do") == BACK:
        return _one_back(request, patient, sitting, number)
    form = AsqForm(number, patient.language, request.POST)
    if not form.is_valid() and "answer" not in form.cleaned_data:
        if told_clinicians(request, [request.POST.get("words", "")]):
            return redirect("intake-crisis")
        return _show_asq(request, patient, sitting, number, form)
    try:
        saved = save_asq_answer(
            by=request.user,
            patient=patient,
            number=number,
            value=form.cleaned_data["answer"],
            words=form.cleaned_data.get("words", request.POST.get("words", "")),  # too long: its beginning is kept
            sitting_id=sitting.pk if sitting else None,
        )
    except Exception as problem:
        if not urgent:
            raise
        log.error("suicide screen not stored", problem=type(problem).__name__)
        return failsafe.crisis_unsaved(request)
    return redirect(_after_answer(patient, saved))


def _after_answer(patient: Patient, saved: Saved) -> str:
    if must_see(patient) or (saved.next_number is None and saved.alert is not None and saved.sitting.is_positive):
        return "intake-crisis"
    return "intake-asq" if saved.next_number is not None else _after_crisis(patient)


def _one_back(request: SignedInRequest, patient: Patient, sitting: AsqSitting | None, number: int) -> HttpResponseBase:
    """The question before, with what was answered. Nothing in the address says which one it is."""
    before = max(number - 1, 1)
    row = sitting.answers.filter(number=before).first() if sitting else None
    initial = {"answer": row.value, "words": row.words} if row else {}
    viewed("intake-asq", by=request.user, subject=sitting, patient_id=patient.pk)
    return _show_asq(request, patient, sitting, before, AsqForm(before, patient.language, initial=initial))


def _save_item9(request: SignedInRequest, patient: Patient) -> HttpResponseBase:
    """Whatever goes wrong while an answer above 0 is stored, the patient sees the crisis page."""
    urgent = failsafe.needs_help_now(request)
    if not is_theirs(request, patient):
        return not_yours(request)
    form = SectionForm(worded(item9_section(), {}, patient.language), {}, request.POST)
    form.seen = {}
    given = form.given()
    if ITEM9 not in given.answers and ITEM9 not in given.declined:
        return show_part(request, patient, reading.open_intake(patient.pk), {}, form)
    try:
        saved = saving.save_item9(by=request.user, patient=patient, value=given.answers.get(ITEM9))
    except Exception as problem:
        if not urgent:
            raise
        log.error("item 9 not stored", problem=type(problem).__name__)
        return failsafe.crisis_unsaved(request)
    if saved.alert is not None:
        return redirect("intake-crisis")
    if request.POST.get("do") == LATER:
        messages.success(request, saved_words(patient, saved.at))
        return redirect("intake-home")
    return redirect(reading.progress(saved.intake).after(item9_section()))


def _after_crisis(patient: Patient) -> str:
    """On with the screen where it is not through; else to the page it came from, or the intake's next part."""
    if asked.open_sitting_of(patient.pk) is not None:
        return "intake-asq"
    newest = asked.newest_sitting(patient.pk)
    if newest is not None and newest.back_to:
        return newest.back_to
    progress = reading.progress(reading.open_intake(patient.pk))
    return progress.next_url if progress.done else "intake-home"


def _number(text: str) -> int | None:
    return int(text) if text in {"1", "2", "3", "4", "5"} else None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
