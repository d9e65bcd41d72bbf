"""Forms of the manager about the clinic, its sites, rooms, kinds of visit; and times that are taken away."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.layout import Fieldset, Layout
from django import forms

from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.domain.errors import NonexistentTime
from scheduling.domain.walltime import at
from scheduling.forms.people import phone_field
from scheduling.models import Room, VisitType
from scheduling.services.settings import CLINIC_FIELDS, ROOM_FIELDS, SITE_FIELDS, TYPE_FIELDS

GRIDS = [(n, f"{n} minutes") for n in (5, 10, 15, 20, 30, 60)]
LONGEST = timedelta(days=366)


class SeenMixin(RequestIdMixin):
    """Carries a digest of what was shown."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)


def _number(label: str, least: int, most: int, hint: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        help_text=hint,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class ClinicForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The clinic's settings."""

    phone = phone_field("Telephone of the clinic")
    notice_hours = _number("Hours of notice to move or cancel", 0, 336, "After this, patients are asked to call.")
    horizon_days = _number("Days ahead that patients can book", 1, 366)
    grid_minutes = forms.TypedChoiceField(label="Offered times start every", choices=GRIDS, coerce=int)
    stage_size = _number("Treatments before the first review", 1, 8)
    pause_days = _number("Days of pause that ask for a review", 7, 60, "The protocol says 14.")
    booster_gap_days = _number("Days between a booster and any other treatment", 7, 90, "At least 7.")
    rest_days = _number("Days between two series", 0, 365)
    request_response_hours = _number("Hours within which a request is answered", 1, 168)
    alert_ack_minutes = _number("Minutes to take an urgent alert", 1, 60)

    class Meta:
        model = ClinicSettings
        fields = CLINIC_FIELDS
        labels = {"name": "Name of the clinic", "hours": "Hours, in words"}
        help_texts = {"hours": "They stand in the footer and in mails."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = True
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            "request_id",
            "seen",
            Fieldset("The clinic", "name", "phone", "hours"),
            Fieldset("Booking", "notice_hours", "horizon_days", "grid_minutes"),
            Fieldset("Treatment", "stage_size", "pause_days", "booster_gap_days", "rest_days"),
            Fieldset("How fast we answer", "request_response_hours", "alert_ack_minutes"),
        )


class SiteForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A site."""

    phone = phone_field("Telephone")

    class Meta:
        model = Site
        fields = SITE_FIELDS
        labels = {"zone": "Time zone", "open_to_requests": "People can ask for a consultation here"}
        help_texts = {"zone": "A name such as America/Los_Angeles.", "state": "Two letters, such as CA."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = True
        self.helper = form_helper("Save this site")

    def clean_state(self) -> str:
        """Two letters."""
        state: str = self.cleaned_data["state"].strip().upper()
        if len(state) != 2 or not state.isalpha():
            raise forms.ValidationError("Write the state as two letters, such as CA.")
        return state


class RoomForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A room."""

    turnover_minutes = _number("Minutes to make it ready after a visit", 0, 240)

    class Meta:
        model = Room
        fields = ROOM_FIELDS
        labels = {"for_infusions": "Treatments can be given here", "in_use": "In use"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("", tag=False)

    def clean_name(self) -> str:
        """Without spaces around it."""
        return str(self.cleaned_data["name"]).strip()


class VisitTypeForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A kind of visit."""

    minutes = _number("Minutes", 5, 480, "With the time of observation, for a treatment. Booked visits keep theirs.")

    class Meta:
        model = VisitType
        fields = TYPE_FIELDS
        labels = {"patient_may_book": "Patients can book it online"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind in ("infusion", "booster"):
            self.fields["patient_may_book"].disabled = True
            self.fields["patient_may_book"].help_text = "Treatments are always booked by the clinic."
        self.helper = form_helper("Save this kind of visit")


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
        if data.get("until_at") is None:
            until += timedelta(days=1)
        self.ends_at = self._instant("until_at", until, data.get("until_at") or time())
        if self.starts_at and self.ends_at:
            if self.ends_at <= self.starts_at:
                self.add_error("until_on", "The end must come after the start.")
            elif self.ends_at - self.starts_at > LONGEST:
                self.add_error("until_on", "This is longer than a year. Please check the dates.")
        return data

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
    """A leave of a clinician; the reason may stay unsaid."""

    reason = forms.CharField(label="Reason", required=False, max_length=80, help_text="Holiday, training; no illness.")


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
        elif starts is not None and ends is not None and ends <= starts:
            self.add_error("ends", "The end must come after the start.")
        return data
