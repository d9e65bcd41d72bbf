"""The page behind the link of an inquiry. Opening it changes nothing: mail scanners open links.

Anybody who holds the link can say that the patient comes. Questions are asked after the date of birth alone; that it
was given is kept in the session for a while.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from intake.models import Inquiry
from intake.queries import inquiries as queries
from intake.services import inquiries
from intake.views import failsafe
from pacificmind.accounts.access import public
from pacificmind.clock import now
from scheduling.forms.inquiry import ProofForm
from scheduling.models.appointment import Confirmed
from scheduling.services import readiness
from scheduling.views.inquiry import flow

PROVED = "inquiry"  # in the session: the inquiry whose date of birth was given, and until when that holds
NOT_THIS = "This is not the date of birth that we have. Look at it once more. After three tries the link ends."


def _door(token: str) -> flow.Door:
    here = reverse("inquiry", args=[token])
    return flow.Door(by=None, here=here, help=reverse("inquiry-help", args=[token]), how=Confirmed.LINK)


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Asks for the date of birth; then the questions, part by part."""
    row = queries.of_token(token)
    if row is None:
        return _dead(request)
    door = _door(token)
    if _has_proved(request, row):
        _remember(request, row)
        return flow.run(request, row, door)
    if not queries.link_is_open(row) or not flow.stands(row):
        return failsafe.crisis_unsaved(request, 404, carry=False) if flow.needs_help_now(request) else _dead(request)
    return _start(request, row, door)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def help_now(request: HttpRequest, token: str) -> HttpResponse:
    """Help now; without the proof the page that anybody can open."""
    row = queries.of_token(token)
    if row is None or not _has_proved(request, row):
        return redirect("crisis")
    return flow.help_now(request, row, _door(token))


def _start(request: HttpRequest, row: Inquiry, door: flow.Door) -> HttpResponse:
    if request.POST.get("do") == "confirm":
        flow.confirm(row, door)
        return redirect(door.here)
    if request.method == "POST" and flow.needs_help_now(request):
        return failsafe.crisis_unsaved(request, 401)
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if inquiries.knows_birth_date(inquiry_id=row.pk, birth_on=form.cleaned_data["birth_on"]):
            _remember(request, row, new=True)
            return redirect(door.here)
        row.refresh_from_db()
        if not queries.link_is_open(row):
            return _dead(request)
        form.add_error("birth_on", NOT_THIS)
    visit = readiness.visit_of(row.visit_id, row.visit_version) if not row.days_after else None
    context = {"form": form, "visit": visit, "asks": bool(row.parts), "before": not row.days_after, "site": row.site}
    return render(request, "inquiry/start.html", context)


def _dead(request: HttpRequest) -> HttpResponse:
    """The same for a link that never was, is too old, was tried too often, or whose visit was changed."""
    return render(request, "inquiry/dead.html", status=404)


def _remember(request: HttpRequest, row: Inquiry, *, new: bool = False) -> None:
    if new:
        request.session.cycle_key()
    request.session[PROVED] = {"inquiry": str(row.pk), "until": (now() + flow.PROVED_FOR).isoformat()}
    if not request.user.is_authenticated:
        request.session.set_expiry(int(flow.PROVED_FOR.total_seconds()))


def _has_proved(request: HttpRequest, row: Inquiry) -> bool:
    known = request.session.get(PROVED) or {}
    return known.get("inquiry") == str(row.pk) and datetime.fromisoformat(known["until"]) > now()
