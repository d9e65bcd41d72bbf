"""Forms of the waitlist: when an earlier time would suit, which place is offered, whose link it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from intake.forms.requests import BirthDateField
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.dates import when_words
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.domain.week import DAYS
from scheduling.models import OpeningHours, PossibleTimes, Waiting
from scheduling.services.waitlist import Wishes

NOTICE = ((2, "2 hours"), (12, "Half a day"), (24, "One day"), (48, "Two days"), (96, "Four days"))


def _time(label: str, **extra: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget, **extra)


class WishForm(RequestIdMixin, forms.Form):
    """When an earlier visit would suit. Everything may stay as it is: then any earlier time does."""

    weekdays = forms.TypedMultipleChoiceField(
        label="Which days suit?",
        help_text="Tick none if any day does.",
        choices=list(enumerate(DAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = _time("Not before")
    until_time = _time("Not after", help_text="The latest time at which the visit may begin.")
    hours_needed = forms.TypedChoiceField(
        label="How long before must we tell?", choices=NOTICE, coerce=int, initial=24, widget=forms.RadioSelect
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        opens = set(OpeningHours.objects.filter(site=site).values_list("weekday", flat=True))
        field = self.fields["weekdays"]
        assert isinstance(field, forms.TypedMultipleChoiceField)
        field.choices = [(day, name) for day, name in enumerate(DAYS) if not opens or day in opens]

    def clean(self) -> dict[str, Any]:
        """A span of time that ends after it begins."""
        data = super().clean() or self.cleaned_data
        first, last = data.get("from_time"), data.get("until_time")
        if first and last and last <= first:
            self.add_error("until_time", "Please choose a time after the one above.")
        return data

    def wishes(self) -> Wishes:
        """What the service keeps."""
        told = self.cleaned_data
        return Wishes(
            weekdays=told["weekdays"],
            from_time=told["from_time"],
            until_time=told["until_time"],
            hours_needed=told["hours_needed"],
        )


def wish_initial(waiting: Waiting | None, known: PossibleTimes | None) -> dict[str, object]:
    """What the form begins with: what was wished before, else when the patient can come at all."""
    found = waiting or known
    if found is None:
        return {}
    hours = {"hours_needed": waiting.hours_needed} if waiting else {}
    return {"weekdays": found.weekdays, "from_time": found.from_time, "until_time": found.until_time, **hours}


class PlaceForm(RequestIdMixin, forms.Form):
    """Which of the free and lawful earlier times is offered."""

    start = forms.TypedChoiceField(
        label="Which time is offered?", widget=forms.RadioSelect, coerce=datetime.fromisoformat
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, starts: Sequence[datetime], site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["start"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(one.astimezone(UTC).isoformat(), when_words(one, site.tz, now())) for one in starts]


class AnswerForm(RequestIdMixin, forms.Form):
    """What became of an offer."""

    answer = forms.ChoiceField(choices=[(one, one) for one in ("take", "keep", "back")])


class BirthForm(forms.Form):
    """The date of birth that shows whose link it is."""

    birth_on = BirthDateField(label="Your date of birth")
    helper = form_helper("Show me the earlier time")

    def clean_birth_on(self) -> Any:
        """Never empty."""
        if self.cleaned_data["birth_on"] is None:
            raise ValidationError("Please write your date of birth.")
        return self.cleaned_data["birth_on"]
