"""Staff: who is here, invited, let in, sent away; and the page on which an invitation is accepted."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pacificmind.accounts import invitations, services
from pacificmind.accounts.access import SignedInRequest, page, public
from pacificmind.accounts.models import STAFF_ROLES, Clinician, Invitation, Role, RoleGrant, User
from pacificmind.clock import now
from pacificmind.ui.forms import RequestIdForm
from scheduling.domain.walltime import day_of
from scheduling.forms.staff import InviteForm, JoinForm, StaffForm
from scheduling.models import Appointment, Leave, ShiftException, WeeklyShift
from scheduling.services import shifts, staffing, supply
from scheduling.views.manage.shared import asks_first, carried_out, look_first, repair_url, saved

FORM = ["GET", "HEAD", "POST"]
TOKEN = "staff-invitation-token"  # noqa: S105  the session's key for it, not the token


@require_safe
@page("manager")
def staff(request: SignedInRequest) -> HttpResponseBase:
    """Everybody who works here, those who left last."""
    works_here = RoleGrant.objects.filter(user=OuterRef("pk"), role__in=STAFF_ROLES)
    waiting = Invitation.objects.filter(user=OuterRef("pk"), used_at__isnull=True, expires_at__gt=now())
    rows = User.objects.filter(Exists(works_here)).annotate(invited=Exists(waiting))
    rows = rows.select_related("clinician").prefetch_related("rolegrant_set__site").order_by("-is_active", "name")
    people = [(one, _role_words(one), getattr(one, "clinician", None)) for one in rows]
    return render(request, "manage/staff.html", {"people": people})


def _role_words(user: User) -> list[str]:
    return sorted(
        f"{grant.get_role_display()}, {grant.site.name}" if grant.site else grant.get_role_display()
        for grant in user.rolegrant_set.all()
        if grant.role != Role.PATIENT
    )


@require_http_methods(FORM)
@page("manager")
def invite(request: SignedInRequest) -> HttpResponseBase:
    """Invite somebody."""
    form = InviteForm(request.POST if request.method == "POST" else None)

    def save(data: dict[str, Any]) -> None:
        services.invite_staff(by=request.user, email=data["email"], staff=form.staff(), request_id=data["request_id"])

    if carried_out(form, save):
        messages.success(request, "The invitation is on its way. The link in it works for seven days.")
        return redirect("manage-staff")
    return render(request, "manage/staff_form.html", {"form": form})


@require_http_methods(FORM)
@page("manager")
def person(request: SignedInRequest, person: uuid.UUID) -> HttpResponseBase:
    """One member of staff: roles, hours, leave, access."""
    who = _staff_or_404(person)
    as_is = services.staff_as_is(who)
    start = {**StaffForm.initial_of(as_is), "seen": services.seen_staff(as_is)}
    form = StaffForm(request.POST if request.method == "POST" else None, initial=start)

    clinician = Clinician.objects.filter(user=who).select_related("user").first()
    if asks_first(request, form) and clinician is not None and "change" not in request.POST:
        hit = staffing.visits_beyond(clinician, form.staff())
        if hit:
            return look_first(request, {"form": form, "person": who, "title": "What this would change"}, hit)
    left_out: list[Appointment] = []

    def save(data: dict[str, Any]) -> None:
        left_out.extend(
            staffing.change_staff(
                by=request.user, user_id=person, seen=data["seen"], staff=form.staff(), request_id=data["request_id"]
            )
        )

    if "change" not in request.POST and carried_out(form, save):
        saved(request, left_out, "Saved. It holds from their next click.")
        return redirect("manage-person", person)
    return _person_page(request, who, clinician, form)


def _person_page(request: SignedInRequest, who: User, clinician: Clinician | None, form: StaffForm) -> HttpResponseBase:
    leaves = Leave.objects.filter(clinician=clinician, ends_at__gt=now()).order_by("starts_at")
    home = shifts.home_site(clinician) if clinician else None
    context = {
        "form": form,
        "person": who,
        "clinician": clinician,
        "shifts": WeeklyShift.objects.filter(clinician=clinician).select_related("site"),
        "own_days": ShiftException.objects.filter(clinician=clinician, on__gte=now().date())
        .select_related("site")
        .order_by("on", "starts"),
        "leaves": [
            (one, many, repair_url(request.user, "desk-repair-leave", one.pk))
            for one, many in (supply.still_hit_by_leave(clinician, leaves) if clinician else [])
        ],
        "home": home,
        "today": day_of(now(), home.tz) if home else None,
        "to_come": len(staffing.visits_of(clinician)),
        "is_self": who.pk == request.user.pk,
        "plain": RequestIdForm(auto_id=False),
        "has_password": who.has_usable_password(),
    }
    return render(request, "manage/person.html", context)


@require_POST
@page("manager")
def access(request: SignedInRequest, person: uuid.UUID, what: str) -> HttpResponseBase:
    """End somebody's access at once, give it back, or send a new invitation."""
    who = _staff_or_404(person)
    form = RequestIdForm(request.POST)
    if what == "end" and who.is_active and asks_first(request, form):
        hit = staffing.visits_of(Clinician.objects.filter(user=who).first())
        if hit:
            context = {"form": form, "person": who, "title": "End access", "no_change": True}
            return look_first(request, context, hit)
    about: dict[str, Any] = {"by": request.user, "user_id": person}
    try:
        if form.is_valid():
            about["request_id"] = form.cleaned_data["request_id"]
            if what == "end":
                saved(request, staffing.end_access(**about), "Access is ended: no sign-in and no open page works.")
            elif what == "open":
                services.open_account(**about)
                messages.success(request, "They can sign in again.")
            else:
                services.invite_again(**about)
                messages.success(request, "A new link is on its way. Earlier links no longer work.")
    except invitations.StaffRefused as refused:
        messages.error(request, refused.say)
    return redirect("manage-person", person)


def _staff_or_404(person: uuid.UUID) -> User:
    """Somebody who works here: a patient's account is not a manager's to see."""
    works_here = RoleGrant.objects.filter(user=OuterRef("pk"), role__in=STAFF_ROLES)
    return get_object_or_404(User.objects.filter(Exists(works_here)), pk=person)


@require_safe
@never_cache
@public
def follow_invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Take the token out of the address: it would stand in the history and go along with links."""
    request.session[TOKEN] = token
    return redirect("accept-invitation")


@sensitive_post_parameters("password")
@require_http_methods(FORM)
@never_cache
@public
@sensitive_variables("password")
def accept_invitation(request: HttpRequest) -> HttpResponseBase:
    """Choose a password, once; then sign in, and set up the second step."""
    token = str(request.session.get(TOKEN, ""))
    invitation = invitations.invitation_of(token) if token else None
    if invitation is None or invitation.user is None:
        return render(request, "manage/join.html", {"say": invitations.LINK_IS_OLD}, status=410)
    form = JoinForm(request.POST if request.method == "POST" else None, user=invitation.user)

    def save(data: dict[str, Any]) -> None:
        invitations.accept_invitation(token=token, password=data["password"])

    if carried_out(form, save):
        logout(request)  # whoever was signed in on this device, and the token with them
        messages.success(request, "Your password is set. Sign in with it; then set up the second step.")
        return redirect("account_login")
    return render(request, "manage/join.html", {"form": form, "person": invitation.user})
