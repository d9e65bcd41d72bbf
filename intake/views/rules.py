"""The clinic's screening rules: read them, propose a change, sign it, take it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.domain.decisions import Stale
from intake.forms.rules import RulesForm, SignRulesForm
from intake.models import RulesRevision
from intake.queries import rules_page
from intake.queries.rules import policy_now
from intake.services import rules as services
from intake.services.guards import WrongPassword
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import PRESCRIBER, Role
from pacificmind.ui.forms import RequestIdForm


@require_safe
@page(Role.MANAGER, Role.CLINICIAN)
def rules(request: SignedInRequest) -> HttpResponse:
    """What is shipped, what this clinic set, what is proposed."""
    return _show(request, SignRulesForm())


def _show(request: SignedInRequest, form: SignRulesForm, status: int = 200) -> HttpResponse:
    context = {
        "page": rules_page.page(),
        "form": form if PRESCRIBER in request.user.roles else None,
        "may_propose": Role.MANAGER in request.user.roles,
        "drop_form": RequestIdForm(),
        "zone": services.clinic_zone(),
    }
    return render(request, "rules/rules.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.MANAGER)
def propose(request: SignedInRequest) -> HttpResponse:
    """Propose what this clinic wants otherwise than shipped."""
    form = RulesForm(request.POST if request.method == "POST" else None, policy=policy_now())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.propose(
                by=request.user,
                thresholds=form.thresholds(),
                off=data["off"],
                reasons=data["words"],
                doses=data["doses"],
                why=data["why"],
                from_on=data["from_on"],
                request_id=data["request_id"],
            )
        except (services.RulesRefused, Stale) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Proposed. It holds once a prescriber has signed it.")
            return redirect("clinic-rules")
    return render(request, "rules/propose.html", {"form": form})


@require_POST
@page(PRESCRIBER)
def sign(request: SignedInRequest, number: int) -> HttpResponse:
    """Sign a proposal with the password."""
    revision = get_object_or_404(RulesRevision, number=number)
    form = SignRulesForm(request.POST)
    if form.is_valid():
        try:
            services.sign(by=request.user, revision=revision, password=form.cleaned_data["password"])
        except WrongPassword as wrong:
            form.add_error("password", str(wrong))
        except (services.RulesRefused, Stale) as refused:
            messages.warning(request, str(refused))
            return redirect("clinic-rules")
        else:
            messages.success(request, "Signed. Patients are screened again with the new rules when they take effect.")
            return redirect("clinic-rules")
    return _show(request, form)


@require_POST
@page(Role.MANAGER)
def drop(request: SignedInRequest, number: int) -> HttpResponse:
    """Take a proposal back."""
    form = RequestIdForm(request.POST)
    revision = get_object_or_404(RulesRevision, number=number)
    if form.is_valid():
        try:
            services.drop(by=request.user, revision=revision)
        except (services.RulesRefused, Stale) as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, "The proposal is taken back. Nothing changed.")
    return redirect("clinic-rules")
