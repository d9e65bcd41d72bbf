"""The doors to a repair: a series, a visit, a leave, a closure, a patient's possible times, all that waits."""

import uuid
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role, User
from pacificmind.audit.services import viewed
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import span_words
from scheduling.forms.absence import AbsenceForm
from scheduling.models import Closure, Leave, Series, Status
from scheduling.queries import repair as queries
from scheduling.queries.series import series_seen_by
from scheduling.queries.visits import patients_seen_by, visits_seen_by
from scheduling.views.repair.propose import Door, answer

FORM = ["GET", "HEAD", "POST"]
WITH_PATIENTS = (Role.FRONT_DESK, Role.CLINICIAN)
STAFF = (*WITH_PATIENTS, Role.MANAGER)


@require_safe
@page(*STAFF)
def index(request: SignedInRequest) -> HttpResponse:
    """What there is to repair, and what was repaired just now."""
    waiting = list(queries.with_open_task(queries.coming(request.user)))
    leaves, closures = queries.away_soon(request.user)
    viewed("repairs", by=request.user, patients=[visit.patient_id for visit in waiting])
    context = {
        "waiting": waiting,
        "leaves": leaves,
        "closures": closures,
        "made": queries.recent_repairs(request.user, every="all" in request.GET),
        "zone": zone_of(request.user),
        "may_open": set(WITH_PATIENTS) & request.user.roles,
    }
    return render(request, "repair/index.html", context)


@require_http_methods(FORM)
@page(*STAFF)
def waiting(request: SignedInRequest) -> HttpResponse:
    """Everything that waits for another time, together."""
    lead = "Every visit to come whose time or place is no longer there."
    back = reverse("desk-repairs")
    scope = queries.of_waiting(request.user)
    return answer(request, Door("waiting", "Find times for all that wait", lead, back, "Repairs", scope))


@require_http_methods(FORM)
@page(*WITH_PATIENTS)
def series(request: SignedInRequest, series: uuid.UUID) -> HttpResponse:
    """A series that lacks a visit, or of which one has to go."""
    found = get_object_or_404(series_seen_by(request.user), pk=series, status=Series.Status.OPEN)
    lead = "What is missing is planned again with the fewest changes to what stands."
    back = reverse("desk-series", args=[found.pk])
    scope = queries.of_series(request.user, found)
    return answer(request, Door(f"series {found.pk}", "Repair this series", lead, back, "Series", scope))


@require_http_methods(FORM)
@page(*WITH_PATIENTS)
def visit(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """One visit that has to go; after a cancelled or missed infusion, its series."""
    seen = visits_seen_by(request.user).filter(site_id__in=request.user.sites())
    found = get_object_or_404(seen, pk=visit)
    missed = found.status in (Status.CANCELLED, Status.NOSHOW)
    lead = "The visit was missed or cancelled: one in its place." if missed else "Another time for this visit."
    back = reverse("desk-visit", args=[found.pk])
    scope = queries.of_visit(request.user, found)
    return answer(request, Door(f"visit {found.pk}", "Repair after this visit", lead, back, "The visit", scope))


@require_http_methods(FORM)
@page(*STAFF)
def absence(request: SignedInRequest) -> HttpResponse:
    """Somebody is ill, a room out of use, a site closed: what it hits and the repair, entered together in one save."""
    form = AbsenceForm(request.GET if "what" in request.GET else None, user=request.user, initial=request.GET.dict())
    if not form.is_valid():
        return render(request, "repair/absence.html", {"form": form})
    lead, title = "What it changes, and what is proposed instead.", form.title()
    scope = queries.of_absence(request.user, form.absence())
    back = f"{reverse('desk-absence')}?on={form.cleaned_data['on']:%Y-%m-%d}"
    return answer(request, Door(f"absence {form.key()}", title, lead, back, "Who or what, and when", scope))


@require_http_methods(FORM)
@page(*STAFF)
def leave(request: SignedInRequest, leave: uuid.UUID) -> HttpResponse:
    """A clinician is away."""
    found = get_object_or_404(queries.leaves_seen_by(request.user), pk=leave)
    scope = queries.of_leave(request.user, found)
    zone = next((one.site.tz for one in scope.hit), None)
    lead = f"Away {_span(found, zone)}." if zone else "No visit to come is in the way of this leave."
    title = f"{found.clinician} is away"
    return answer(request, Door(f"leave {found.pk}", title, lead, reverse("desk-repairs"), "Repairs", scope))


@require_http_methods(FORM)
@page(*STAFF)
def closure(request: SignedInRequest, closure: uuid.UUID) -> HttpResponse:
    """A room out of use, or a site closed."""
    found = get_object_or_404(queries.closures_seen_by(request.user), pk=closure)
    title = f"{found.room.name} is out of use" if found.room else f"{found.site.name} is closed"
    scope = queries.of_closure(request.user, found)
    lead = f"Not usable {_span(found, found.site.tz)}."
    return answer(request, Door(f"closure {found.pk}", title, lead, reverse("desk-repairs"), "Repairs", scope))


@require_http_methods(FORM)
@page(*WITH_PATIENTS)
def patient(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """The visits at which a patient cannot come any more."""
    found = get_object_or_404(patients_seen_by(request.user), pk=patient)
    lead = "Visits outside the times at which this patient can come."
    back = reverse("desk-possible-times", args=[found.pk])
    scope = queries.of_patient(request.user, found)
    title = "Repair what no longer fits"
    return answer(request, Door(f"patient {found.pk}", title, lead, back, "Possible times", scope))


def zone_of(user: User) -> ZoneInfo:
    """The clock of the first of the user's sites: a leave is of a person, not of a site."""
    site = Site.objects.filter(pk__in=queries.sites_of(user)).first()
    return site.tz if site else ZoneInfo("UTC")


def _span(found: Leave | Closure, zone: ZoneInfo) -> str:
    return span_words(found.starts_at, found.ends_at, zone, now())
