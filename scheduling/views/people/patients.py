"""Find a patient, enter one, see and correct how to reach them. Nothing clinical stands here."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.people import RecordChanged, RecordRefused
from intake.models import Patient
from intake.queries import standing
from intake.services import patients as services
from intake.services import requests as invitations
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clock import today
from pacificmind.messaging.kinds import TOPICS
from pacificmind.messaging.topics import ended_of
from pacificmind.ui.forms import RequestIdForm
from pacificmind.ui.parts import Row
from scheduling.domain.errors import BookingRefused
from scheduling.forms.people import EndRecordForm, FindForm, PatientForm, VersionForm
from scheduling.models import Kind
from scheduling.queries import closing as losses
from scheduling.queries import people
from scheduling.services import closing
from scheduling.views.desk.words import birth_words


@require_http_methods(["GET", "HEAD", "POST"])
@page("front_desk", "clinician")
def search(request: SignedInRequest) -> HttpResponseBase:
    """Find patients. The search comes by POST, since what is typed belongs in no address and no log."""
    form = FindForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "can_enter": bool(request.user.sites(Role.FRONT_DESK))}
    with transaction.atomic():
        if form.is_bound and form.is_valid():
            found = people.find(request.user, form.looked)
            viewed("desk-patients", by=request.user, patients=[p.pk for p in found.patients])
            viewed("desk-patients-other-site", by=request.user, patients=[p.pk for p in found.elsewhere])
            context |= {"found": found, "sites": len(request.user.sites())}
        return render(request, "desk/patients.html", context)


@require_safe
@page("front_desk", "clinician")
def show(request: SignedInRequest, patient: uuid.UUID) -> HttpResponseBase:
    """One patient as the desk knows them."""
    who = get_object_or_404(people.patients_of(request.user), pk=patient)
    viewed("desk-patient", by=request.user, subject=who, patient_id=who.pk)
    ready = standing.readiness(who.pk, on=today(who.site.zone), site_id=who.site_id, kind=Kind.INFUSION)
    desk_sites = request.user.sites(Role.FRONT_DESK)
    context = {
        "patient": who,
        "person": people.person(who, user=request.user, every="all" in request.GET),
        "ready": "ready" if ready.clinician_says_ready else "ask-clinician",
        "contact": _contact(who),
        "book_url": _book_url(who, desk_sites),
        "plan": people.order_to_plan(who) if ready.clinician_says_ready else None,
        "can_edit": who.site_id in desk_sites,
        "can_invite": who.site_id in desk_sites and who.user_id is None and bool(who.email),
        "invite": RequestIdForm(),
        "can_close": who.site_id in request.user.sites(),
        "own_sites": request.user.sites(),
        "reopen": VersionForm(initial={"version": who.version}),
    }
    return render(request, "desk/patient.html", context)


def _contact(who: Patient) -> list[Row]:
    from pacificmind.ui.templatetags.ui import phone_words

    called = [Row("Goes by", who.preferred_name)] if who.preferred_name else []
    return [
        *called,
        Row("Date of birth", birth_words(who).capitalize()),
        Row("Telephone", phone_words(who.phone) if who.phone else "Not given"),
        Row("E-mail", who.email or "Not given"),
        Row("Language", who.get_language_display()),
        *([Row("Mails they ended", "; ".join(TOPICS[one] for one in ended))] if (ended := _ended(who)) else []),
        Row("Site", who.site.name),
        Row("Emergency contact", _person(who.emergency_name, who.emergency_phone)),
        Row("Who takes them home", _person(who.escort_name, who.escort_phone)),
        Row("Account", "Has one" if who.user_id else "None yet"),
    ]


def _ended(who: Patient) -> list[str]:
    """The sorts of mail they want no longer: whoever needs an answer asks them another way."""
    return sorted(ended_of(who.pk))


def _person(name: str, phone: object) -> str:
    from pacificmind.ui.templatetags.ui import phone_words

    return ", ".join(part for part in (name, phone_words(phone) if phone else "") if part) or "Not given"


def _book_url(who: Patient, desk_sites: frozenset[str]) -> str:
    site = who.site_id if who.site_id in desk_sites else next(iter(sorted(desk_sites)), "")
    if not site or who.status != Patient.Status.ACTIVE:
        return ""
    try:
        return reverse("desk-book-patient", args=[site, who.pk])
    except NoReverseMatch:
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
@page("front_desk")
def new(request: SignedInRequest) -> HttpResponseBase:
    """Enter a patient who is at the desk or on the telephone."""
    like: tuple[Any, ...] = ()
    form = PatientForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        try:
            patient = services.enter_patient(
                by=request.user,
                details=form.details(),
                somebody_else="somebody_else" in request.POST,
                request_id=form.cleaned_data["request_id"],
            )
        except services.PossiblyKnown as known:
            like = known.like
        except RecordRefused as refused:
            form.add_error(None, refused.say)
        else:
            messages.success(request, "The patient is entered.")
            return redirect("desk-patient", patient.pk)
    with transaction.atomic():
        viewed("desk-patient-new", by=request.user, patients=[one.patient_id for one in like if one.patient_id])
        return render(request, "desk/patient_form.html", {"form": form, "like": like})


@require_http_methods(["GET", "HEAD", "POST"])
@page("front_desk")
def edit(request: SignedInRequest, patient: uuid.UUID) -> HttpResponseBase:
    """Correct how to reach a patient."""
    mine = people.patients_of(request.user).filter(site__in=request.user.sites(Role.FRONT_DESK))
    who = get_object_or_404(mine, pk=patient)
    seen = {"version": who.version}
    form = PatientForm(
        request.POST if request.method == "POST" else None, instance=who, user=request.user, initial=seen
    )
    if form.is_bound and form.is_valid():
        try:
            services.edit_contact(
                by=request.user,
                patient_id=patient,
                version=form.cleaned_data["version"] or 0,
                details=form.details(),
                request_id=form.cleaned_data["request_id"],
            )
        except RecordRefused as refused:
            form.add_error(None, refused.say)
            if isinstance(refused, RecordChanged):
                messages.warning(request, "What you typed is kept below. Compare it with the patient's page.")
        else:
            messages.success(request, "Saved.")
            return redirect("desk-patient", patient)
    return _edit_page(request, patient, form)


def _edit_page(request: SignedInRequest, patient: uuid.UUID, form: PatientForm) -> HttpResponse:
    with transaction.atomic():
        viewed("desk-patient-edit", by=request.user, patient_id=patient)
        return render(request, "desk/patient_form.html", {"form": form, "patient_id": patient})


@require_POST
@page("front_desk")
def invite(request: SignedInRequest, patient: uuid.UUID) -> HttpResponseBase:
    """Send the patient a link with which they claim this record."""
    who = get_object_or_404(people.patients_of(request.user), pk=patient)
    form = RequestIdForm(request.POST)
    if form.is_valid():
        key = form.cleaned_data["request_id"]
        try:
            invitations.invite_patient(by=request.user, patient_id=who.pk, request_id=key)
        except RecordRefused as refused:
            messages.warning(request, refused.say)
        else:
            messages.success(request, "The invitation is on its way.")
    return redirect("desk-patient", who.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page("front_desk", "clinician")
def close(request: SignedInRequest, patient: uuid.UUID) -> HttpResponseBase:
    """Close a record; asks once, naming what is lost."""
    who = _at_home(request, patient)
    form = EndRecordForm(request.POST or None, initial={"version": who.version})
    if form.is_valid():
        data = form.cleaned_data
        try:
            closing.close_patient(by=request.user, patient_id=who.pk, **data)
        except BookingRefused as refused:
            form.add_error(None, refused.say)
        else:
            messages.success(request, "The record is closed. Nothing more is sent to this patient.")
            return redirect("desk-patient", who.pk)
    with transaction.atomic():
        viewed("desk-patient-close", by=request.user, subject=who, patient_id=who.pk)
        return render(
            request, "desk/patient_close.html", {"patient": who, "form": form, "loss": losses.of_patient(who)}
        )


@require_POST
@page("front_desk", "clinician")
def reopen(request: SignedInRequest, patient: uuid.UUID) -> HttpResponseBase:
    """Open a closed record again; nothing that was freed comes back by itself."""
    who = _at_home(request, patient)
    form = VersionForm(request.POST)
    if form.is_valid():
        try:
            closing.reopen_patient(by=request.user, patient_id=who.pk, **form.cleaned_data)
        except BookingRefused as refused:
            messages.warning(request, refused.say)
        else:
            messages.success(request, "The record is open again. Visits that were freed stay free: book them anew.")
    return redirect("desk-patient", who.pk)


def _at_home(request: SignedInRequest, pk: uuid.UUID) -> Patient:
    """A patient of the user's own sites; one who is only treated there is closed by their own site."""
    return get_object_or_404(people.patients_of(request.user).filter(site__in=request.user.sites()), pk=pk)
