"""The form that hands an infusion under way to another who attends."""

from collections.abc import Sequence
from typing import Any

from django import forms

from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.forms.desk_steps import VersionMixin
from scheduling.queries.hand_over import Taker


class HandOverForm(RequestIdMixin, VersionMixin):
    """To whom, and why."""

    to = forms.ChoiceField(label="Who takes over", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason, in a few words", required=False, max_length=200, help_text="Staff read it. Nothing clinical."
    )
    helper = form_helper("", tag=False)
    field_order = ("request_id", "version", "to", "reason")

    def __init__(self, *args: Any, takers: Sequence[Taker], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.choices = [(str(one.clinician.pk), str(one.clinician)) for one in takers if one.lanes is not None]
