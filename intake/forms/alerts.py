"""Give an alert back, or hand it over."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms

from pacificmind.accounts.models import User
from pacificmind.ui.forms import RequestIdMixin, form_helper

NOBODY = "Whoever is on call"


def _key(value: Any) -> uuid.UUID | None:
    return uuid.UUID(str(value)) if value else None


class GiveBackForm(RequestIdMixin, forms.Form):
    """To whom, and why."""

    to = forms.TypedChoiceField(label="Who has it next?", required=False, coerce=_key, empty_value=None)
    why = forms.CharField(
        label="Why do you give it back?",
        help_text="For example: my shift ends, we have spoken. Whoever takes it reads this.",
        max_length=300,
        error_messages={"required": "Write a few words: whoever takes it next starts from them."},
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, heirs: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", NOBODY), *((str(one.pk), str(one)) for one in heirs)]
