"""What the manager's pages share: a form that keeps what was refused, and what is said after a change."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from pacificmind.accounts.services import StaffRefused
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
