"""The form of a safety plan: a box for each part, none of them required."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms

from intake.domain.plan import LENGTH, NAMES, PARTS
from intake.models import SafetyPlan
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class PlanForm(RequestIdMixin, forms.Form):
    """All parts at once. `seen` is the version it was filled from."""

    seen = forms.IntegerField(min_value=0, max_value=32_000, widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, plan: SafetyPlan | None = None) -> None:
        initial = {name: getattr(plan, name) for name in NAMES} if plan else {}
        super().__init__(data, initial={**initial, "seen": plan.number if plan else 0})
        for part in PARTS:
            self.fields[part.name] = forms.CharField(
                label=part.title,
                help_text=part.hint,
                required=False,
                max_length=LENGTH,
                widget=LongText(attrs={"rows": 3}),
            )
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout("request_id", "seen", *NAMES)

    def clean(self) -> dict[str, Any]:
        """Something has to stand in it."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(data.get(name, "").strip() for name in NAMES):
            self.add_error(None, "Write something in at least one of the boxes. You can add to it at any time.")
        return data

    def parts(self) -> dict[str, str]:
        """What was written."""
        return {name: self.cleaned_data.get(name, "") for name in NAMES}

    def seen_now(self, plan: SafetyPlan) -> None:
        """The page shows this version beside what was typed: the next saving follows it."""
        self.data = {**{name: self.data.get(name, "") for name in self.data}, "seen": str(plan.number)}

    @property
    def version_seen(self) -> int:
        """The version the form was filled from."""
        return self.cleaned_data.get("seen") or 0
