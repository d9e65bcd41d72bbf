"""Forms about times that are taken away or changed: leave, breaks, closures, holidays, shifts of one date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from pacificmind.clinic.models import Site
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.domain.errors import NonexistentTime
from scheduling.domain.holidays import Holiday
from scheduling.domain.walltime import at
from scheduling.models import Room
from scheduling.services.shifts import in_order

LONGEST = timedelta(days=366)
LONGEST_BREAK = timedelta(hours=4)


class SpanForm(RequestIdMixin):
    """A time that is taken away: days, or hours of them, at the wall clock of a place."""

    from_on = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    from_at = forms.TimeField(
        label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}), help_text="Empty: the whole day."
    )
    until_on = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    until_at = forms.TimeField(
        label="Until", required=False, widget=forms.TimeInput(attrs={"type": "time"}), help_text="Empty: the whole day."
    )
    reason = forms.CharField(label="Reason", max_length=80, help_text="Staff can read it.")

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.starts_at: datetime | None = None
        self.ends_at: datetime | None = None
        self.helper = form_helper("", tag=False)

    def clean(self) -> dict[str, Any]:
        """Both ends as instants; the last day counts whole where no time is given."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("from_on") or not data.get("until_on") or {"from_at", "until_at"} & set(self.errors):
            return data
        self.starts_at = self._instant("from_at", data["from_on"], data.get("from_at") or time())
        until: date = data["until_on"]
        if data.get("until_at") in (None, time()):  # midnight ends the day that is written beside it
            until += timedelta(days=1)
        self.ends_at = self._instant("until_at", until, data.get("until_at") or time())
        if self.starts_at and self.ends_at:
            if self.ends_at <= self.starts_at:
                self.add_error("until_on", "The end must come after the start.")
            elif self.ends_at - self.starts_at > LONGEST:
                self.add_error("until_on", "This is longer than a year. Please check the dates.")
        return data

    def span(self) -> dict[str, datetime]:
        """Both ends of a good form, by the names that services give them."""
        assert self.starts_at is not None
        assert self.ends_at is not None
        return {"starts_at": self.starts_at, "ends_at": self.ends_at}

    def _instant(self, field: str, day: date, wall: time) -> datetime | None:
        try:
            return at(day, wall, self.zone)
        except (NonexistentTime, OverflowError) as error:
            self.add_error(field, getattr(error, "say", "Please check the date."))
            return None


class ClosureForm(SpanForm):
    """A closure of a site or of one of its rooms."""

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, zone=site.tz, **kwargs)
        rooms = Room.objects.filter(site=site)
        self.fields["room"] = forms.ModelChoiceField(
            rooms, label="What is closed", required=False, empty_label=f"All of {site.name}"
        )
        self.order_fields(["room"])


class LeaveForm(SpanForm):
    """A leave or a break of a clinician, at the clock of a site; the reason may stay unsaid."""

    kind = forms.ChoiceField(
        label="What it is", choices=[("leave", "Leave"), ("break", "A break within a shift")], widget=forms.RadioSelect
    )
    reason = forms.CharField(label="Reason", required=False, max_length=80, help_text="Holiday, training; no illness.")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, zone=site.tz, **kwargs)
        self.fields["kind"].initial = "leave"
        self.fields["site"] = forms.ModelChoiceField(
            Site.objects.all(), label="Times are meant at the clock of", empty_label=None, initial=site.pk
        )
        self.order_fields(["kind", "from_on", "from_at", "until_on", "until_at", "site", "reason"])

    def clean(self) -> dict[str, Any]:
        """Times at the clock of the chosen site; a break lies within one day."""
        if place := self.cleaned_data.get("site"):
            self.zone = place.tz
        data = super().clean()
        if data.get("kind") == "break" and self.starts_at and self.ends_at and not self.errors:
            if data.get("from_at") is None:
                self.add_error("from_at", "Write when the break begins.")
            elif self.ends_at - self.starts_at > LONGEST_BREAK:
                self.add_error("until_on", "A break lasts 4 hours at most. Enter a leave instead.")
        return data


class HolidaysForm(RequestIdMixin):
    """Which holidays of a year a site is closed on."""

    days = forms.MultipleChoiceField(
        label="The site is closed on",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one day."},
    )

    def __init__(self, *args: Any, holidays: Sequence[Holiday], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_value = {f"{one.on}": one for one in holidays}
        self.fields["days"].choices = [  # type: ignore[attr-defined]  # a MultipleChoiceField
            (value, f"{one.on:%A, %B} {one.on.day}: {one.name}") for value, one in self.by_value.items()
        ]
        self.helper = form_helper("", tag=False)

    def chosen(self) -> list[Holiday]:
        """The holidays that were ticked."""
        return [self.by_value[value] for value in self.cleaned_data["days"]]


class OwnDayForm(RequestIdMixin):
    """Another shift on one date."""

    on = forms.DateField(label="Date", widget=forms.DateInput(attrs={"type": "date"}))
    starts = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    ends = forms.TimeField(
        label="Until",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text="Leave both times empty for a day off.",
    )
    site = forms.ModelChoiceField(Site.objects.none(), label="Site", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"] = forms.ModelChoiceField(Site.objects.all(), label="Site", empty_label=None)
        self.helper = form_helper("", tag=False)

    def clean(self) -> dict[str, Any]:
        """Both times or neither, in order."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        starts, ends = data.get("starts"), data.get("ends")
        if {"starts", "ends"} & set(self.errors):
            return data
        if (starts is None) != (ends is None):
            self.add_error("ends" if ends is None else "starts", "Write both times, or neither for a day off.")
        elif starts is not None and ends is not None and not in_order(starts, ends):
            self.add_error("ends", "The end must come after the start.")
        return data
