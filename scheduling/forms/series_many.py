"""Forms to lay out several series at once: which orders, and the proposal that is saved."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms

from pacificmind.ui.forms import RequestIdMixin, form_helper


def ids_of(values: Iterable[str]) -> list[uuid.UUID]:
    """Those of the values that are ids, each once."""
    return list(dict.fromkeys(found for value in values if (found := _id(value))))


def _id(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


class OrdersField(forms.MultipleChoiceField):
    """Ids of orders; whose they are is asked of the database, which alone knows what the user may see."""

    def valid_value(self, value: Any) -> bool:
        """Whether it is an id at all."""
        return _id(value) is not None

    def clean(self, value: Any) -> Any:
        """A list of UUIDs without repeats, in the order sent."""
        return ids_of(super().clean(value))


class OrdersForm(forms.Form):
    """Whom to propose for: those ticked, and (`waiting`) those for whom there was no place the time before."""

    orders = OrdersField(
        label="Whom to lay out",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one patient."},
    )
    waiting = OrdersField(required=False, widget=forms.MultipleHiddenInput)

    helper = form_helper("", tag=False)


class SaveManyForm(RequestIdMixin, forms.Form):
    """Which series of the sealed proposal are saved."""

    orders = OrdersField(
        label="Whom to lay out",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one patient."},
    )
    plan = forms.CharField(
        widget=forms.HiddenInput,
        max_length=300_000,
        error_messages={"required": "This page was incomplete. Nothing was booked: here is a fresh proposal."},
    )

    helper = form_helper("", tag=False)
