"""The rota of who is on call: a manager's page."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from intake.forms.oncall import DutyForm, PageNumberForm
from intake.models import OnCall
from intake.queries.oncall import coming, gaps_of, prescribers
from intake.services import oncall as services
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import RequestReused


@require_http_methods(["GET", "HEAD", "POST"])
@page("manager")
def rota(request: SignedInRequest) -> HttpResponse:
    """Who is on call now and in the coming days, the gaps, and a form to fill them."""
    people, sites = prescribers(), list(Site.objects.order_by("name"))
    moment = now()
    until = moment + timedelta(days=ClinicSettings.current().on_call_days)
    gaps = [(site, gaps_of(site.pk, moment, until)) for site in sites]
    first = min((found[0].start for _, found in gaps if found), default=None)
    start = first.astimezone(sites[0].tz).replace(second=0, microsecond=0) if first else None
    data = request.POST if request.method == "POST" else None
    form = DutyForm(data, people=people, sites=sites, start=start)
    if form.is_bound and form.is_valid() and _added(request, form):
        messages.success(request, "They are on call.")
        return redirect("manage-on-call")
    context = {
        "form": form,
        "number_form": PageNumberForm(people=people, auto_id="page_%s"),
        "people": people,
        "duties": coming(moment),
        "gaps": gaps,
        "has_gaps": any(found for _, found in gaps),
        "now": moment,
        "until": until,
        "site": sites[0] if sites else None,
    }
    return render(request, "manage/on_call.html", context)


def _added(request: SignedInRequest, form: DutyForm) -> bool:
    data = form.cleaned_data
    try:
        services.add_duty(
            by=request.user,
            user_id=uuid.UUID(data["user"]),
            site_ids=data["sites"],
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            request_id=data["request_id"],
        )
    except services.RotaRefused as refused:
        field = {"starts_at": "from_day", "ends_at": "until_day"}.get(refused.field, refused.field)
        form.add_error(field or None, str(refused))
    except RequestReused as problem:
        form.add_error(None, problem.say)
    return not form.errors


@require_POST
@page("manager")
def end(request: SignedInRequest, duty: uuid.UUID) -> HttpResponse:
    """Take a duty out of the rota, or end it now."""
    if not OnCall.objects.filter(duty=duty).exists():
        raise Http404
    if services.end_duty(by=request.user, duty=duty):
        messages.success(request, "It is out of the rota.")
    else:
        messages.warning(request, "It was over already.")
    return redirect("manage-on-call")


@require_POST
@page("manager")
def number(request: SignedInRequest) -> HttpResponse:
    """Set the number on which somebody is paged."""
    form = PageNumberForm(request.POST, people=prescribers())
    if form.is_valid():
        data = form.cleaned_data
        services.set_page_phone(by=request.user, user_id=uuid.UUID(data["person"]), phone=data["phone"])
        messages.success(request, "Saved. Pages go there too from now on." if data["phone"] else "Saved: mail alone.")
    else:
        messages.error(request, "Not saved. Choose a person, and write the number as (213) 555-0142.")
    return redirect("manage-on-call")
