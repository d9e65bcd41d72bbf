"""The form in which a patient says when they can come."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms

from pacificmind.accounts.models import Clinician
from pacificmind.ui.dates import date_words
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.models import PossibleTimes
from scheduling.models.supply import Weekday
from scheduling.services.possible_times import Times

AHEAD = timedelta(days=366)
MOST_DAYS = 120
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
Span = tuple[date, date]  # first and last day


def spans(days: Iterable[date]) -> list[Span]:
    """The days as runs without a gap, ascending."""
    found: list[Span] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def days_of(span: Span) -> list[date]:
    """Every day of a run."""
    first, last = span
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def span_words(span: Span, today: date) -> str:
    """Such as "Tuesday, March 9 to Friday, March 12"."""
    first, last = span
    return date_words(first, today) if first == last else f"{date_words(first, today)} to {date_words(last, today)}"


class PossibleTimesForm(RequestIdMixin, forms.Form):
    """Weekdays, times of day, days away, and with whom; all of it may be left open."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)
    weekdays = forms.TypedMultipleChoiceField(
        label="Days of the week on which you can come",
        help_text="Tick none if any day is fine.",
        choices=Weekday.choices,
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    from_time = forms.TimeField(label="A visit may begin from", required=False, widget=TIME)
    until_time = forms.TimeField(
        label="And before", help_text="Leave both empty if any time is fine.", required=False, widget=TIME
    )
    away = forms.TypedMultipleChoiceField(
        label="Days on which you cannot come",
        help_text="Untick what is no longer so.",
        coerce=lambda text: tuple(date.fromisoformat(one) for one in text.split("/")),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    away_from = forms.DateField(label="First day away", required=False, widget=DATE)
    away_until = forms.DateField(
        label="Last day away", help_text="Leave it empty for a single day.", required=False, widget=DATE
    )
    clinician = forms.ChoiceField(label="With whom, where it is possible", required=False)

    def __init__(
        self, *args: Any, known: PossibleTimes, clinicians: Sequence[Clinician], today: date, **extra: Any
    ) -> None:
        super().__init__(*args, **extra)
        self.today = today
        coming = spans(day for day in known.not_on if day >= today)
        self._choices("away", [(f"{span[0]}/{span[1]}", span_words(span, today)) for span in coming])
        self._choices("clinician", [("", "Anyone"), *((str(one.pk), str(one)) for one in clinicians)])
        if not coming:
            del self.fields["away"]
        away = Fieldset("Days away", *(["away"] if coming else []), "away_from", "away_until")
        self.helper = form_helper("Save my times")
        self.helper.layout = Layout("request_id", "seen", "weekdays", "from_time", "until_time", away, "clinician")

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @staticmethod
    def initial_of(known: PossibleTimes, seen: str, today: date) -> dict[str, Any]:
        """The fields of a form that shows what is known."""
        return {
            "seen": seen,
            "weekdays": known.weekdays,
            "from_time": known.from_time,
            "until_time": known.until_time,
            "away": [f"{first}/{last}" for first, last in spans(day for day in known.not_on if day >= today)],
            "clinician": str(known.clinician_id or ""),
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what ends before it begins, what is past, and a time away that is longer than a plan."""
        found = super().clean() or self.cleaned_data
        since, until = found.get("from_time"), found.get("until_time")
        if since and until and until <= since:
            self.add_error("until_time", "Choose a time after the first one.")
        first, last = found.get("away_from"), found.get("away_until")
        if last and not first and "away_from" not in self.errors:
            self.add_error("away_from", "Please fill in the first day too.")
        elif first and not self.today <= first <= self.today + AHEAD:
            self.add_error("away_from", "Choose a day from today on, within a year.")
        elif first and last and last < first:
            self.add_error("away_until", "Choose a day after the first one.")
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("away_until", f"Choose at most {MOST_DAYS} days. For a longer time away, please call us.")
        return found

    def times(self) -> Times:
        """What the service keeps."""
        told = self.cleaned_data
        kept = [day for span in told.get("away") or [] for day in days_of(span)]
        first = told["away_from"]
        new = days_of((first, told["away_until"] or first)) if first else []
        return Times(
            weekdays=frozenset(told["weekdays"]),
            from_time=told["from_time"],
            until_time=told["until_time"],
            not_on=frozenset(kept + new),
            clinician_id=uuid.UUID(told["clinician"]) if told["clinician"] else None,
        )
