"""Forms of repair: which patients are saved, which visit gets another time, when a patient can come."""

import uuid
from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms

from pacificmind.accounts.models import Clinician
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.forms.series import DATE_SHAPES, LONGEST_DATES, LONGEST_REASON, TIME, DatesField
from scheduling.models import PossibleTimes
from scheduling.models.supply import Weekday
from scheduling.services.possible_times import Times, seen

LONGEST_PLAN = 200_000


class IdsField(forms.TypedMultipleChoiceField):
    """Ids of patients as the page offered them; whether they are in the plan is the view's to say."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(coerce=uuid.UUID, required=False, widget=forms.MultipleHiddenInput, **extra)

    def valid_value(self, value: Any) -> bool:
        """Any that can be read."""
        return True


class RepairForm(RequestIdMixin, forms.Form):
    """A proposal that is shown: the plan, sealed; the patients who are ticked, and who was left out before."""

    plan = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST_PLAN, required=False)
    patient = IdsField()
    out = IdsField()
    deviation_reason = forms.CharField(
        label="Why a week with fewer than two visits is right here",
        help_text="It is kept with each series that has such a week.",
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write why: without a reason a week with fewer than two visits is not saved."},
    )
    helper = form_helper("", tag=False)


class PossibleTimesForm(RequestIdMixin, forms.Form):
    """When a patient can come: asked once, heeded by every plan, repair and offer."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays that are possible",
        help_text="None chosen means any.",
        choices=Weekday.choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = forms.TimeField(label="Begins from", required=False, widget=TIME)
    until_time = forms.TimeField(label="Begins before", required=False, widget=TIME)
    not_on = DatesField(
        label="Days that are not possible",
        help_text="Such as 3/9/2027, with a space between two.",
        required=False,
        max_length=LONGEST_DATES,
    )
    clinician = forms.ChoiceField(label="With, where possible", required=False)
    helper = form_helper("Save these times")

    def __init__(self, *args: Any, clinicians: Iterable[Clinician], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.fields["clinician"] = forms.ChoiceField(
            label="With, where possible",
            required=False,
            choices=[("", "Anyone"), *((str(one.pk), str(one)) for one in clinicians)],
        )

    def clean(self) -> dict[str, Any]:
        """Refuse hours that end before they begin."""
        found = super().clean() or self.cleaned_data
        since, until = found.get("from_time"), found.get("until_time")
        if isinstance(since, time) and isinstance(until, time) and until <= since:
            self.add_error("until_time", "Choose a time after the first one.")
        return found

    def times(self) -> Times:
        """What was entered."""
        found = self.cleaned_data
        return Times(
            weekdays=tuple(found["weekdays"]),
            from_time=found["from_time"],
            until_time=found["until_time"],
            not_on=tuple(sorted(found["not_on"])),
            clinician_id=uuid.UUID(found["clinician"]) if found["clinician"] else None,
        )


def initial_of(kept: PossibleTimes) -> dict[str, Any]:
    """The form's values for what is kept."""
    return {
        "seen": seen(kept),
        "weekdays": [str(day) for day in kept.weekdays],
        "from_time": kept.from_time,
        "until_time": kept.until_time,
        "not_on": " ".join(f"{day:{DATE_SHAPES[1]}}" for day in kept.not_on),
        "clinician": str(kept.clinician_id or ""),
    }
