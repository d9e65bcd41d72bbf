"""How forms look and how a repeated sending is known: helper factory, request id."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.db.models import Model
from django.forms.boundfield import BoundField


def form_helper(submit: str, *, action: str = "", tag: bool = True) -> FormHelper:
    """A crispy helper in our look: error summary on top, errors beside their fields, one button that says what it does.

    `submit` are the button's words; `action` the address, empty for this page. With `tag=False` only the fields are
    drawn and the template writes `<form>`, token and buttons itself. The browser's own validation is off: our
    messages stand beside the fields and are read aloud.
    """
    helper = FormHelper()
    helper.form_method = "post"
    helper.form_action = action
    helper.form_tag = tag
    helper.disable_csrf = not tag
    helper.attrs = {"novalidate": ""}
    helper.html5_required = False
    if tag:
        helper.add_input(Submit("_submit", submit, css_class="btn-primary"))
    return helper


class LongText(forms.Textarea):
    """Text of any length. A browser that knows the limit cuts what is pasted without a word; the server says so."""

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        """All but the limit."""
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        attrs.pop("maxlength", None)
        return attrs


class RowField(forms.TypedChoiceField):
    """The key of one of some rows, a UUID; None where none is chosen.

    The rows are read when the list is shown. A key that is sent is for the service to judge, under its locks: a row
    that was there when the page was drawn may be gone.
    """

    def offer(self, read: Callable[[], Iterable[Model]], *, empty_label: str) -> None:
        """Let these be chosen from, in this order."""
        self.choices = cache(lambda: [("", empty_label), *((str(row.pk), str(row)) for row in read())])
        self.coerce, self.empty_value = uuid.UUID, None

    def valid_value(self, value: str) -> bool:
        """Whether it is a key at all."""
        try:
            return bool(uuid.UUID(value))
        except ValueError:
            return False


class _RequestIdBound(BoundField):
    """Keeps a good id when the form is shown again, and replaces one that cannot be read."""

    def value(self) -> Any:
        found = super().value()
        try:
            return str(uuid.UUID(str(found)))
        except ValueError:
            return str(uuid.uuid4())


class RequestIdField(forms.UUIDField):
    """Hidden UUID that names one intention. The service stores it: a repeat returns the first result."""

    widget = forms.HiddenInput
    default_error_messages = {
        "required": "This page was incomplete. Nothing was sent: please send it once more.",
        "invalid": "This page was incomplete. Nothing was sent: please send it once more.",
    }

    def __init__(self) -> None:
        super().__init__(initial=uuid.uuid4)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> BoundField:
        """The bound field that heals an unreadable id when the form is drawn again."""
        return _RequestIdBound(form, self, field_name)


class RequestIdMixin(forms.Form):
    """Adds `request_id` to any form; read it from `cleaned_data["request_id"]` (uuid.UUID)."""

    request_id = RequestIdField()


class RequestIdForm(RequestIdMixin):
    """A form with nothing but its request id: for buttons that do one thing."""
