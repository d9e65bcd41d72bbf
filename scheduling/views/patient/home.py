"""The patient's home, and who they are."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.people import RecordRefused
from intake.models import Patient
from intake.services import own_record
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.idempotency.services import RequestReused
from pacificmind.messaging import topics
from pacificmind.messaging.kinds import CHECK_INS, FRIENDLY, NEXT_VISITS
from pacificmind.messaging.queries import letters_waiting
from scheduling.forms.patient import AboutForm, ContactForm
from scheduling.queries import patient_home, patient_known, patient_step
from scheduling.views.patient.common import address_of, own_patient


@never_cache
@require_safe
@page(Role.PATIENT)
def home(request: SignedInRequest) -> HttpResponse:
    """The next step, the time line, the latest messages."""
    patient = own_patient(request.user)
    known = patient_known.read(patient, request.user) if patient else None
    viewed("patient-home", by=request.user, patient_id=patient.pk if patient else None)
    return render(
        request,
        "patient/home.html",
        {
            "patient": patient,
            "step": patient_step.next_step(known),
            "line": patient_home.time_line(known) if known else [],
            "waiting": letters_waiting(patient.pk) if patient else 0,
            "told": patient_home.latest_messages(patient.pk) if patient else [],
        },
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def about(request: SignedInRequest) -> HttpResponse:
    """Who the patient is: opens their record."""
    if Patient.objects.filter(user=request.user).exists():
        return redirect("patient-home")
    open_sites = Site.objects.filter(open_to_requests=True)
    site_id, language = own_record.asked_for(request.user) or ("", "en")
    site = open_sites.filter(pk=site_id).first() or open_sites.first()
    known = {"by_email": True, "site": site and site.pk, "language": language}
    form = AboutForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            own_record.open_record(
                by=request.user,
                about=form.about(),
                channels=form.channels(address_of(request)),
                request_id=form.cleaned_data["request_id"],
            )
        except own_record.TooYoung:
            return render(request, "patient/too_young.html")
        except RequestReused as error:
            form.add_error(None, error.say)
        else:
            return redirect("patient-home")
    return render(request, "patient/about.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def contact(request: SignedInRequest) -> HttpResponse:
    """How the clinic reaches the patient."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    agreed = own_record.consents_of(patient.pk)
    ended = topics.ended_of(patient.pk)
    known = {
        "phone": patient.phone,
        "language": patient.language,
        "by_email": agreed.get("email", True),
        "by_sms": agreed.get("sms", False),
        "check_ins": CHECK_INS not in ended,
        "next_visits": NEXT_VISITS not in ended,
        "friendly_notes": FRIENDLY not in ended,
    }
    form = ContactForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            own_record.change_contact(
                by=request.user,
                phone=str(told["phone"]),
                language=told["language"],
                channels=form.channels(address_of(request)),
                topics=form.topics(),
                request_id=told["request_id"],
            )
        except RequestReused as error:
            form.add_error(None, error.say)
        else:
            messages.success(request, "Saved. We reach you this way from now on.")
            return redirect("patient-contact")
    if request.method != "POST":
        viewed("patient-contact", by=request.user, patient_id=patient.pk)
    return render(request, "patient/contact.html", {"form": form, "email": request.user.email})


@require_POST
@page(Role.PATIENT)
def call_me(request: SignedInRequest) -> HttpResponse:
    """The patient would rather be called."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    try:
        own_record.ask_for_call(by=request.user, patient=patient)
    except RecordRefused as error:
        messages.warning(request, error.say)
        return redirect("patient-contact")
    messages.success(request, "We will call you within a day.")
    return redirect("patient-home")
