"""Forms about series: wishes, the plan that is booked, one more visit, review, end, a booster, a questionnaire."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.layout import Fieldset, Layout
from django import forms

from intake.domain.library import instrument
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.domain.slots import FreeStart
from scheduling.models.supply import Weekday
from scheduling.services.planning import HORIZON_WEEKS, Wishes

LONGEST_REASON, LONGEST_NOTE, LONGEST_DATES, MOST_DATES = 300, 4_000, 1_000, 60
FAR = timedelta(days=366)
WEEKS = (4, 6, 8, 12, 16)
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
DATE_SHAPES = ("%Y-%m-%d", "%m/%d/%Y")


class DatesField(forms.CharField):
    """Dates in a line or one a line; cleans to a frozenset of dates."""

    def clean(self, value: Any) -> Any:
        """The dates; a ValidationError names the first word that is none."""
        words = re.split(r"[\s,;]+", super().clean(value).strip())
        return frozenset(_date(word) for word in [word for word in words if word][:MOST_DATES])


def _date(word: str) -> date:
    shown = "".join(sign for sign in word[:20] if sign.isprintable())
    try:
        found: date = forms.DateField(input_formats=DATE_SHAPES).clean(word)
    except forms.ValidationError as error:
        raise forms.ValidationError(f"Write each date such as 3/9/2027. “{shown}” is not a date.") from error
    return found


class WishesForm(forms.Form):
    """When the patient can come; sent by GET, with nothing of the patient in it."""

    site = forms.ChoiceField(label="Site", required=False)
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
    earliest_on = forms.DateField(label="Not before", required=False, widget=DATE)
    blackout_on = DatesField(
        label="Days that are not possible",
        help_text="Such as 3/9/2027, with a space between two.",
        required=False,
        max_length=LONGEST_DATES,
    )
    clinician = forms.ChoiceField(label="With, where possible", required=False)
    weeks = forms.TypedChoiceField(
        label="Look ahead",
        choices=[(n, f"{n} weeks") for n in WEEKS],
        coerce=int,
        required=False,
    )

    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, sites: Sequence[Site], clinicians: Iterable[Clinician], **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.fields["site"] = forms.ChoiceField(
            label="Site", required=False, choices=[(site.pk, site.name) for site in sites]
        )
        self.fields["clinician"] = forms.ChoiceField(
            label="With, where possible",
            required=False,
            choices=[("", "Anyone"), *((str(one.pk), str(one)) for one in clinicians)],
        )
        self.helper = form_helper("", tag=False)
        if len(sites) < 2:
            del self.fields["site"]

    def clean(self) -> dict[str, Any]:
        """Refuse hours that end before they begin, and a start a year away."""
        found = super().clean() or self.cleaned_data
        if (first := found.get("earliest_on")) and abs(first - now().date()) > FAR:
            self.add_error("earliest_on", "Choose a day within a year.")
        since, until = found.get("from_time"), found.get("until_time")
        if since and until and until <= since:
            self.add_error("until_time", "Choose a time after the first one.")
        return found

    def wishes(self) -> Wishes:
        """What was asked; a field that could not be read asks for nothing."""
        found = self.cleaned_data
        return Wishes(
            earliest_on=found.get("earliest_on"),
            weekdays=frozenset(found.get("weekdays") or ()),
            from_time=found.get("from_time"),
            until_time=found.get("until_time"),
            blackout_on=found.get("blackout_on") or frozenset(),
            prefer_clinician=found.get("clinician") or None,
            horizon_weeks=found.get("weeks") or HORIZON_WEEKS,
        )


class LayOutForm(RequestIdMixin, forms.Form):
    """The chosen plan, sealed so that nobody alters it, and a prescriber's reason where a week has too few visits."""

    plan = forms.CharField(
        widget=forms.HiddenInput,
        max_length=8_000,
        error_messages={"required": "This page was incomplete. Nothing was booked: choose a plan again."},
    )
    deviation_reason = forms.CharField(
        label="Why a week with fewer than two visits is right here",
        help_text="It is kept with the series.",
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, needs_reason: bool = False, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.helper = form_helper("", tag=False)
        if needs_reason:
            self.fields["deviation_reason"].required = True
        else:
            del self.fields["deviation_reason"]


@dataclass(frozen=True, slots=True)
class Start:
    """A start that was offered, with its room and clinician."""

    starts_at: datetime
    room_id: uuid.UUID
    clinician_id: uuid.UUID


class StartField(forms.ChoiceField):
    """`start|room|clinician`; whether it is still free and lawful is the service's to say.

    A second copy of the form must reach the service, which gives back the first one's result, although the time is no
    longer offered by then.
    """

    def to_python(self, value: Any) -> Any:
        """The Start; invalid_choice for what no page of ours offered."""
        try:
            start, room, clinician = super().to_python(value).split("|") if value else ("", "", "")
            if not value:
                return ""
            found = Start(datetime.fromisoformat(start), uuid.UUID(room), uuid.UUID(clinician))
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"]) from error
        if found.starts_at.tzinfo is None:
            raise forms.ValidationError(self.error_messages["invalid_choice"])
        return found

    def valid_value(self, value: Any) -> bool:
        """Any that can be read."""
        return True


class StartForm(RequestIdMixin, forms.Form):
    """One free start among those offered."""

    start = StartField(
        label="Time",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose a time.",
            "invalid_choice": "This time is no longer offered. Choose another.",
        },
    )
    deviation_reason = forms.CharField(
        label="Reason, where a week would have fewer than two visits",
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, choices: Sequence[tuple[str, object]], submit: str, reason: bool = False, **extra: Any
    ) -> None:
        super().__init__(*args, **extra)
        cast(StartField, self.fields["start"]).choices = choices
        self.helper = form_helper(submit)
        self.helper.layout = Layout("request_id", InlineRadios("start"))
        if reason:
            self.helper.layout.append("deviation_reason")
        else:
            del self.fields["deviation_reason"]


def start_key(one: FreeStart) -> str:
    """A free start as a form carries it."""
    return f"{one.start.isoformat()}|{one.room}|{one.clinician}"


class SpanForm(forms.Form):
    """From which day on to look; by GET."""

    day = forms.DateField(required=False, label="From", widget=DATE)


class ReviewForm(RequestIdMixin, forms.Form):
    """What a prescriber notes when they release a stage, or let a series go on after a pause."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    note = forms.CharField(
        label="Note",
        help_text="How the treatment is going, and why it goes on.",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Write a short note: it is what you sign."},
    )
    helper = form_helper("", tag=False)


class Phq9Form(RequestIdMixin, forms.Form):
    """The nine items in their published wording; a question that was not answered stays empty."""

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        words = instrument("PHQ-9")
        self.stem = words.stem
        for item in words.scored_items:
            self.fields[f"item_{item.number}"] = forms.TypedChoiceField(
                label=f"{item.number}. {item.text}",
                choices=[(str(option.value), option.text) for option in item.options],
                coerce=int,
                empty_value=None,
                required=False,
                widget=forms.RadioSelect,
            )
        names = [name for name in self.fields if name.startswith("item_")]
        self.helper = form_helper("Record the answers")
        self.helper.layout = Layout("request_id", Fieldset(words.stem, *names))

    @property
    def items(self) -> list[int | None]:
        """The answers in order, None where there is none."""
        return [self.cleaned_data.get(name) for name in self.fields if name.startswith("item_")]

    def clean(self) -> dict[str, Any]:
        """At least one answer."""
        found = super().clean() or self.cleaned_data
        if not self.errors and all(value is None for value in self.items):
            raise forms.ValidationError("Choose an answer for each question that the patient answered.")
        return found
