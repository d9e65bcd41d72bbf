"""Choose a time for a consultation: three taps from home to booked."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from intake.models import Patient
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Clinician, Role
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.forms import RequestIdForm, form_helper
from pacificmind.ui.parts import Tab
from scheduling.domain import errors
from scheduling.forms.patient import BookForm, VideoBookForm
from scheduling.models import Kind
from scheduling.queries import calendar, patient_times
from scheduling.services.own_visits import choose_consultation, coming_consultation
from scheduling.views.patient.common import own_patient

WAYS = {"in-person": "At the clinic", "video": "By video"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address says: where, how, with whom, which half of the day, from which day on."""

    site: Site
    sites: tuple[Site, ...]
    way: str
    part: str
    from_day: date | None
    clinicians: tuple[Clinician, ...] = ()
    clinician: Clinician | None = None

    @property
    def telehealth(self) -> bool:
        """Whether by video."""
        return self.way == "video"

    def query(self, **other: str) -> str:
        """The same choice with something changed, as an address carries it; the day begins anew unless it is given."""
        who = str(self.clinician.pk) if self.clinician else ""
        told = {"site": self.site.pk, "way": self.way, "part": self.part, "with": who, **other}
        return urlencode({name: value for name, value in told.items() if value})

    def search(self, patient: Patient) -> patient_times.Search:
        """The same as a search for this patient."""
        return patient_times.Search(
            site=self.site,
            kind=Kind.CONSULTATION,
            patient_id=patient.pk,
            telehealth=self.telehealth,
            clinician_id=self.clinician.pk if self.clinician else None,
            part=self.part,
        )


def choice_of(query: QueryDict, patient: Patient) -> Choice:
    """Read the address; what it does not say, or says wrongly: the patient's site, at the clinic, anyone, any time."""
    sites = tuple(Site.objects.filter(open_to_requests=True)) or (patient.site,)
    site = next((one for one in sites if one.pk == query.get("site", patient.site_id)), sites[0])
    way, part = query.get("way", ""), query.get("part", "")
    clinicians = tuple(calendar.staff_of(site.pk, Kind.CONSULTATION))
    return Choice(
        site=site,
        sites=sites,
        way=way if way in WAYS else "in-person",
        part=part if part in patient_times.PARTS else "",
        from_day=read_day(query.get("from", "")),
        clinicians=clinicians,
        clinician=next((one for one in clinicians if str(one.pk) == query.get("with")), None),
    )


def read_day(text: str) -> date | None:
    """A day in an address; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@never_cache
@require_safe
@page(Role.PATIENT)
def choose(request: SignedInRequest) -> HttpResponse:
    """The free times, by day."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    if there := _booked_already(request, patient):
        return there
    wanted = choice_of(request.GET, patient)
    offer = patient_times.offer(wanted.search(patient), from_day=wanted.from_day)
    viewed("patient-choose", by=request.user, patient_id=patient.pk)
    here = reverse("patient-choose-confirm")
    return render(
        request,
        "patient/choose.html",
        {
            "choice": wanted,
            "online": calendar.visit_type(Kind.CONSULTATION).patient_may_book,
            **_filters(wanted),
            "days": [(day.on, links(day.starts, f"{here}?{wanted.query()}")) for day in offer.days],
            "later": "?" + wanted.query(**{"from": str(offer.next_from)}) if offer.next_from else "",
            "first": "?" + wanted.query() if wanted.from_day else "",
            "helps": [] if offer.days else _what_would_help(wanted),
            "call_form": RequestIdForm(),
            "phone": patient.phone,
        },
    )


def _booked_already(request: SignedInRequest, patient: Patient) -> HttpResponse | None:
    """To the consultation they have: a second one could only be refused, by the back button or in another tab."""
    if (one := coming_consultation(patient.pk)) is None:
        return None
    messages.info(request, "You have this visit already. You can move it to another time.")
    return redirect("patient-visit", visit_id=one.pk)


def _filters(wanted: Choice) -> dict[str, list[Tab]]:
    """Links that change one part of the choice; a change begins at the first day again."""
    people = [("", "Anyone"), *((str(one.pk), str(one)) for one in wanted.clinicians)]
    who = str(wanted.clinician.pk) if wanted.clinician else ""
    return {
        "sites": [Tab(one.name, "?" + wanted.query(site=one.pk), one == wanted.site) for one in wanted.sites],
        "ways": [Tab(word, "?" + wanted.query(way=code), code == wanted.way) for code, word in WAYS.items()],
        "people": [Tab(name, "?" + wanted.query(**{"with": key}), key == who) for key, name in people],
        "parts": [
            Tab(word, "?" + wanted.query(part=code), code == wanted.part) for code, word in patient_times.PARTS.items()
        ],
    }


def _what_would_help(wanted: Choice) -> list[Tab]:
    """Where nothing is free: each choice that can be widened, and the other sites."""
    found = [Tab("Any time of day", "?" + wanted.query(part=""))] if wanted.part else []
    if wanted.clinician:
        found.append(Tab("With anyone", "?" + wanted.query(**{"with": ""})))
    if not wanted.telehealth:
        found.append(Tab("By video", "?" + wanted.query(way="video")))
    return found + [Tab(one.name, "?" + wanted.query(site=one.pk)) for one in wanted.sites if one != wanted.site]


def links(starts: tuple[datetime, ...] | list[datetime], address: str) -> list[tuple[datetime, str]]:
    """Each time with the address that asks to book it."""
    joint = "&" if "?" in address else "?"
    return [(start, f"{address}{joint}at={patient_times.stamp(start)}") for start in starts]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.PATIENT)
def confirm(request: SignedInRequest) -> HttpResponse:
    """One time, and the button that books it. Refused, it offers the times nearest to it."""
    patient = own_patient(request.user)
    if patient is None:
        return redirect("patient-about")
    wanted, start = choice_of(request.GET, patient), patient_times.from_stamp(request.GET.get("at", ""))
    if start is None:
        return redirect("patient-choose")
    if request.method != "POST" and (there := _booked_already(request, patient)):
        return there
    form = _form(request, wanted, start, patient)
    near: list[datetime] = []
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            visit = choose_consultation(
                by=request.user,
                patient=patient,
                site=wanted.site,
                starts_at=start,
                telehealth=wanted.telehealth,
                state=told.get("state", ""),
                fallback_phone=str(told.get("phone", "")),
                clinician_id=wanted.clinician.pk if wanted.clinician else None,
                request_id=told["request_id"],
            )
        except errors.BookingRefused as refusal:
            if there := _booked_already(request, patient):
                return there
            form.add_error(None, refusal.say_patient)
            near = patient_times.nearest(wanted.search(patient), start)
        else:
            messages.success(request, f"Booked: {when_words(start, wanted.site.tz, now(), wanted.site.name)}.")
            return redirect("patient-visit", visit_id=visit.pk)
    if request.method != "POST":
        viewed("patient-choose-confirm", by=request.user, patient_id=patient.pk)
    address = f"{reverse('patient-choose-confirm')}?{wanted.query()}"
    words = {
        "form": form,
        "choice": wanted,
        "start": start,
        "minutes": calendar.visit_type(Kind.CONSULTATION).minutes,
        "near": links(near, address),
        "back": f"{reverse('patient-choose')}?{wanted.query()}",
    }
    return render(request, "patient/confirm.html", words)


def _form(request: SignedInRequest, wanted: Choice, start: datetime, patient: Patient) -> forms.Form:
    kind = VideoBookForm if wanted.telehealth else BookForm
    form = kind(request.POST or None, initial={"phone": patient.phone})
    form.helper = form_helper(f"Book {button_words(start, wanted.site)}")
    return form


def button_words(start: datetime, site: Site) -> str:
    """A time as a button says it: "Tuesday, March 9, 10:30 am"."""
    return when_words(start, site.tz, now())
