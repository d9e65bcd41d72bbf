"""Answers of patients as clinicians read them: say that one has looked, and that one has talked."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from intake.domain.decisions import Stale
from intake.queries import inquiries as queries
from intake.queries.inquiry_lines import read
from intake.queries.review import patients_of
from intake.services import inquiries
from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.accounts.models import Role
from pacificmind.audit.services import viewed
from pacificmind.messaging.kinds import CHECK_INS
from pacificmind.messaging.topics import ended_of
from pacificmind.ui.forms import RequestIdForm
from scheduling.queries.visits import visits_seen_by
from scheduling.services import checkins


@require_POST
@page(Role.CLINICIAN)
def looked_before(request: SignedInRequest, visit: uuid.UUID) -> HttpResponse:
    """The answers before a visit were looked at: the visit may go on."""
    mine = visits_seen_by(request.user).filter(site_id__in=request.user.sites(Role.CLINICIAN))
    found = get_object_or_404(mine, pk=visit)
    row = queries.before([found.pk]).get(found.pk)
    if row is not None:
        seen = request.POST.get("seen", "").split() if str(row.pk) == request.POST.get("inquiry") else ()
        try:
            inquiries.look(by=request.user, inquiry_id=row.pk, seen=seen)
        except Stale as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, "Kept: you have looked at the answers.")
    return redirect("desk-visit", visit=found.pk)


@require_safe
@page(Role.CLINICIAN)
def check_ins(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """What a patient answered in the days and weeks after a treatment, newest first."""
    found = get_object_or_404(patients_of(request.user), pk=patient)
    rows = queries.check_ins_of(found.pk)
    viewed("check-ins", by=request.user, patient_id=found.pk)
    context = {
        "patient": found,
        "site": found.site,
        "answered": [read(row) for row in rows],
        "shown": " ".join(f"{row.pk}:{queries.mark_of(row)}" for row in rows),
        "ended": CHECK_INS in ended_of(found.pk),
        "talk": checkins.talk_is_open(found.pk),
        "form": RequestIdForm(auto_id=False),
    }
    return render(request, "inquiry/check_ins.html", context)


@require_POST
@page(Role.CLINICIAN)
def talked(request: SignedInRequest, patient: uuid.UUID) -> HttpResponse:
    """Every answer of the check-ins was looked at, and where a talk was asked for, it took place."""
    found = get_object_or_404(patients_of(request.user), pk=patient)
    shown = dict(one.split(":", 1) for one in request.POST.get("shown", "").split() if ":" in one)
    try:
        checkins.looked(by=request.user, patient_id=found.pk, talked=request.POST.get("do") == "talked", shown=shown)
    except Stale as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "Kept.")
    return redirect("clinic-check-ins", found.pk)
