"""What the manager's pages share: a look before saving, a form that keeps what was refused, words after a change.

Visits that a change hits are told by name, time and kind; who looked at them is on record.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from pacificmind.accounts.access import SignedInRequest
from pacificmind.accounts.invitations import StaffRefused
from pacificmind.accounts.models import Role, User
from pacificmind.audit.services import viewed
from scheduling.domain.errors import BookingRefused
from scheduling.models import Appointment


def carried_out(form: forms.Form | forms.ModelForm, act: Callable[[dict[str, Any]], object]) -> bool:  # type: ignore[type-arg]
    """Whether the form was good and the service did it; what was refused is put into the form."""
    if not form.is_bound or not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except BookingRefused as refused:
        form.add_error(None, refused.say)
        return False
    except StaffRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.say)
        return False
    return True


def asks_first(request: HttpRequest, form: forms.Form | forms.ModelForm) -> bool:  # type: ignore[type-arg]
    """Whether a good form was sent that nobody has confirmed yet."""
    return form.is_bound and form.is_valid() and "confirm" not in request.POST


def look_first(request: SignedInRequest, context: dict[str, Any], hit: list[Appointment]) -> HttpResponse:
    """The page between the form and saving it: what it would do, with all that was filled in.

    It names patients: the look is on record before it is drawn.
    """
    with transaction.atomic():
        viewed("visits that a change hits", by=request.user, patients=sorted({visit.patient_id for visit in hit}))
        return render(request, "manage/look_first.html", {**context, "hit": hit})


def repair_url(user: User, name: str, which: uuid.UUID) -> str:
    """Where the visits that a leave or closure hits are repaired together; empty for who may not."""
    return reverse(name, args=[which]) if {Role.FRONT_DESK, Role.CLINICIAN, Role.MANAGER} & user.roles else ""


def saved(request: HttpRequest, hit: list[Appointment], words: str = "Saved.") -> None:
    """Say that it is saved, and how many visits the front desk is asked to move."""
    if not hit:
        messages.success(request, words)
        return
    many = "1 visit lies" if len(hit) == 1 else f"{len(hit)} visits lie"
    messages.warning(request, f"{words} {many} outside now: the front desk has a task for each, to find another time.")


def values_of(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """These fields of a form's data."""
    return {name: data[name] for name in names}
