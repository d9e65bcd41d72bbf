"""The forms of what staff measure and see."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.layout import Div, Fieldset, Layout
from django import forms

from intake.forms.signing import SignedMixin
from intake.models import StaffResult, VitalSigns
from intake.models.measures import RANGES
from intake.services.measures import LONGEST_NOTE, LONGEST_REASON, RESULTS_OF, Measured
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
NO_SUCH_TIME = "The clocks were moved at that hour: this time does not exist on that day."


def _whole(label: str, name: str, hint: str = "") -> forms.IntegerField:
    least, most = RANGES[name]
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        help_text=hint,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "min_value": f"This reading has to lie between {least} and {most}. Please look again.",
            "max_value": f"This reading has to lie between {least} and {most}. Please look again.",
        },
    )


def _tenths(label: str, name: str) -> forms.DecimalField:
    least, most = RANGES[name]
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        max_digits=4,
        decimal_places=1,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.1", "autocomplete": "off"}),
    )


class VitalsForm(RequestIdMixin, forms.Form):
    """One set of readings, as measured now or at a time of that day."""

    phase = forms.ChoiceField(label="When in the visit", choices=VitalSigns.Phase.choices, widget=forms.RadioSelect)
    systolic = _whole("Systolic, mmHg", "systolic", "The higher number.")
    diastolic = _whole("Diastolic, mmHg", "diastolic", "The lower number.")
    heart_rate = _whole("Heart rate, a minute", "heart_rate")
    spo2 = _whole("Oxygen saturation, %", "spo2")
    weight_kg = _tenths("Weight, kg", "weight_kg")
    height_cm = _tenths("Height, cm", "height_cm")
    symptoms = forms.MultipleChoiceField(
        label="Seen or told",
        choices=VitalSigns.Symptom.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    on = forms.DateField(label="Measured on", widget=DATE)
    at = forms.TimeField(label="Measured at", widget=TIME)
    place = forms.ChoiceField(
        label="Measured where", choices=VitalSigns.Place.choices, initial="clinic", widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        help_text="For example: left arm, after 5 minutes of rest.",
    )

    def __init__(self, *args: Any, zone: ZoneInfo, in_visit: bool, **kwargs: Any) -> None:
        """In a visit the phase is chosen, and place and day are known; between visits the other way round."""
        super().__init__(*args, **kwargs)
        self.zone = zone
        known = ("on", "place") if in_visit else ("phase",)
        for name in known:
            del self.fields[name]
        if in_visit:
            choices = [one for one in VitalSigns.Phase.choices if one[0] != VitalSigns.Phase.OFFICE]
            self.fields["phase"].choices = choices  # type: ignore[attr-defined]
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            "request_id",
            *(["phase"] if in_visit else []),
            Fieldset(
                "Readings",
                Div("systolic", "diastolic", "heart_rate", "spo2", "weight_kg", "height_cm", css_class="reading-grid"),
            ),
            "symptoms",
            Div(*(["at"] if in_visit else ["on", "at"]), css_class="reading-grid"),
            *([] if in_visit else ["place"]),
            "note",
        )

    def clean(self) -> dict[str, Any]:
        """Adds `measured_at`, an instant."""
        data = super().clean() or {}
        day, at = data.get("on", self.initial.get("on")), data.get("at")
        if day is not None and at is not None:
            data["measured_at"] = self._instant(datetime.combine(day, at))
        return data

    def _instant(self, wall: datetime) -> datetime | None:
        found = wall.replace(tzinfo=self.zone)
        back = found.astimezone(ZoneInfo("UTC")).astimezone(self.zone)
        if back.replace(tzinfo=None) != wall:
            self.add_error("at", NO_SUCH_TIME)
            return None
        return found

    def asked(self) -> Measured:
        """The readings as the service takes them."""
        data = self.cleaned_data
        values = {name: data[name] for name in (*RANGES, "note")}
        return Measured(
            **values,
            measured_at=data["measured_at"],
            place=data.get("place", VitalSigns.Place.CLINIC),
            symptoms=tuple(data["symptoms"]),
        )


def minute(moment: datetime) -> time:
    """A wall time without seconds."""
    return moment.time().replace(second=0, microsecond=0)


def _what() -> list[tuple[str, Any]]:
    """Every check with the results it can have, as groups of a select."""
    results = dict(StaffResult.Result.choices)
    groups = [
        (name, [(f"{kind}:{one}", f"{name}: {results[one].lower()}") for one in RESULTS_OF[kind]])
        for kind, name in StaffResult.Kind.choices
    ]
    return [("", "Choose"), *groups]


class ResultForm(RequestIdMixin, forms.Form):
    """A result that staff saw."""

    what = forms.ChoiceField(label="What was checked, and what it showed", choices=_what)
    done_on = forms.DateField(label="Done on", widget=DATE)
    done_by = forms.CharField(label="Done or read by", max_length=120, help_text="Name and profession.")
    place = forms.ChoiceField(
        label="Where", choices=VitalSigns.Place.choices, initial="clinic", widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        help_text="Read by clinicians only. For example what was unexpected.",
    )
    helper = form_helper("", tag=False)

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        kind, _, result = data["what"].partition(":")
        return {
            "kind": kind,
            "result": result,
            **{name: data[name] for name in ("done_on", "done_by", "place", "note")},
        }


class VoidForm(RequestIdMixin, forms.Form):
    """Take an entry back."""

    why = forms.CharField(
        label="What was wrong with it?",
        max_length=200,
        help_text="The entry stays readable, marked as entered in error, and no longer counts.",
    )
    helper = form_helper("", tag=False)


class StartForm(SignedMixin, RequestIdMixin, forms.Form):
    """A decision about readings above a limit."""

    vitals = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Your reason",
        max_length=LONGEST_REASON,
        help_text="It is kept with your name and the readings.",
        widget=LongText(attrs={"rows": 3}),
    )
    helper = form_helper("", tag=False)
