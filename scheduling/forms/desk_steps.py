"""The steps of a visit at the front desk: cancel, arrive, check in, start, complete; which of them are open."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from pacificmind.accounts.models import Role, User
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.domain.walltime import day_of
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS, Fasted
from scheduling.services import door


class VersionMixin(forms.Form):
    """Carries the version that was seen: a change meanwhile is told, not overwritten."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


REASONS = {
    "The patient asked.": "The patient asked",
    "The patient is ill.": "The patient is ill",
    "The clinician is away.": "The clinician is away",
    "The clinic is closed.": "The clinic is closed",
    "Booked by mistake.": "It was booked by mistake",
    "other": "Another reason",
}


class CancelForm(RequestIdMixin, VersionMixin):
    """Cancel a visit, with the reason."""

    reason = forms.ChoiceField(label="Why is it cancelled", choices=list(REASONS.items()), widget=forms.RadioSelect)
    note = forms.CharField(
        label="In your words", required=False, max_length=150, help_text="The patient may read it. Nothing clinical."
    )
    helper = form_helper("", tag=False)

    def clean(self) -> dict[str, Any]:
        """Adds `why`."""
        data = super().clean() or self.cleaned_data
        note = str(data.get("note") or "").strip()
        reason = "" if data.get("reason") == "other" else str(data.get("reason") or "")
        if data.get("reason") == "other" and not note and "note" not in self.errors:
            self.add_error("note", "Please say the reason in a few words.")
        data["why"] = " ".join(part for part in (reason, note) if part)
        return data


class StepForm(RequestIdMixin, VersionMixin):
    """A step of a visit that asks for nothing more. `back` and `show` lead back to the list it was sent from."""

    back = forms.CharField(required=False, widget=forms.HiddenInput)
    show = forms.CharField(required=False, widget=forms.HiddenInput)
    helper = form_helper("", tag=False)


class CheckInForm(StepForm):
    """Check in, with the person who takes the patient home."""

    escort_name = forms.CharField(
        label="Who takes the patient home",
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    escort_phone = forms.CharField(
        label="Their telephone",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    fasted = forms.ChoiceField(
        label="Did they fast as told?",
        help_text="If not, a prescriber decides whether the visit starts.",
        required=False,
        choices=Fasted.choices,
        widget=forms.RadioSelect,
    )


class CompleteForm(StepForm):
    """Complete an infusion: every point of the discharge list is ticked by name."""

    discharge = forms.MultipleChoiceField(
        label="Before the patient leaves",
        required=False,
        choices=[(str(n), point[0].upper() + point[1:]) for n, point in enumerate(door.DISCHARGE)],
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def points(self) -> dict[str, bool]:
        """The discharge list as ticked."""
        ticked = set(self.cleaned_data["discharge"])
        return {point: str(n) in ticked for n, point in enumerate(door.DISCHARGE)}


@dataclass(frozen=True)
class Step:
    """A step that is allowed now: its name, its button, its form; `asks` when there is more to fill in."""

    name: str
    label: str
    form: StepForm
    url: str
    primary: bool = True

    @property
    def asks(self) -> bool:
        """Whether the form has fields that somebody has to see."""
        return bool(self.form.visible_fields())


LABELS = {
    "arrive": "Mark arrived",
    "check-in": "Check in",
    "start": "Start the visit",
    "complete": "Complete the visit",
    "no-show": "Did not come",
}


def steps_for(visit: Appointment, *, user: User, at: datetime) -> list[Step]:
    """The steps of a visit that its state, its day and the user's role allow now, the likeliest first."""
    clinician = visit.site_id in user.sites(Role.CLINICIAN)
    treatment = visit.kind in TREATMENTS
    today, names = visit.day == day_of(at, visit.site.tz), list[str]()
    if today and visit.status == Status.BOOKED:
        names.append("arrive")
    if today and visit.status == Status.ARRIVED:
        names.append("check-in")
    if visit.status == Status.CHECKED_IN and treatment and visit.started_at is None and clinician and today:
        names.append("start")
    if visit.status == Status.CHECKED_IN and (not treatment or (clinician and visit.started_at is not None)):
        names.append("complete")
    if visit.status == Status.ARRIVED and not treatment:
        names.append("complete")
    if visit.status == Status.BOOKED and not treatment and visit.starts_at <= at:
        names.append("complete")
    if visit.status in (Status.BOOKED, Status.HELD) and visit.starts_at <= at:
        names.append("no-show")
    return [_step(name, visit, primary=n == 0 and name != "no-show") for n, name in enumerate(names)]


def _step(name: str, visit: Appointment, *, primary: bool) -> Step:
    form = step_form(name, visit)(initial=step_initial(visit), auto_id=f"id_{name}_{visit.pk.hex[:8]}_%s")
    return Step(name, LABELS[name], form, reverse(f"desk-visit-{name}", args=[visit.pk]), primary)


def step_form(name: str, visit: Appointment) -> type[StepForm]:
    """The form of a step of this visit."""
    if visit.kind in TREATMENTS and name == "check-in":
        return CheckInForm
    return CompleteForm if visit.kind in TREATMENTS and name == "complete" else StepForm


def step_initial(visit: Appointment) -> dict[str, object]:
    """What the forms of a visit's steps begin with."""
    return {"version": visit.version, "escort_name": visit.escort_name, "escort_phone": visit.escort_phone}
