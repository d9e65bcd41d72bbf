"""The front desk's forms: find a patient, book, move."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from intake.models import Patient
from pacificmind.accounts.models import PRESCRIBER, Clinician, User
from pacificmind.clinic.models import Site
from pacificmind.clock import today
from pacificmind.prepared import Prepared, Told
from pacificmind.ui.forms import RequestIdMixin, RowField, form_helper
from scheduling.domain.errors import BookingRefused, NonexistentTime
from scheduling.domain.walltime import at as wall_at
from scheduling.domain.walltime import wall_of
from scheduling.forms.desk_steps import VersionMixin
from scheduling.models import Kind, Room, ShiftException, WeeklyShift

ANY = ""
TWO_YEARS = timedelta(days=731)
BY_VIDEO = "-video"
KINDS = {
    "consultation": "Consultation, in person",
    "consultation-video": "Consultation, by video",
    "follow_up": "Follow-up, in person",
    "follow_up-video": "Follow-up, by video",
    "infusion": "Infusion of the open series",
    "booster": "Booster",
}
#: Kinds that belong to something which must be running, and what is said where it is not.
BELONGS: dict[str, str] = {
    Kind.INFUSION: "This patient has no open series to book into. Ask the clinician.",
    Kind.BOOSTER: "This patient has no running booster order. Ask the clinician.",
}


class JumpForm(forms.Form):
    """To another day, site or view."""

    site = forms.SlugField(required=False)
    on = forms.DateField(required=False)
    view = forms.SlugField(required=False)


class FindPatientForm(forms.Form):
    """Find somebody by name or telephone. Sent by POST: names do not belong into addresses and logs."""

    q = forms.CharField(label="Name or telephone", max_length=120)
    helper = form_helper("", tag=False)


@dataclass(frozen=True)
class Choice:
    """A free start that a button offers, with the clinician and room that are free then.

    `elsewhere`: that room and clinician in words, where a visit that moves would leave its own.
    """

    starts_at: datetime
    clinician_id: uuid.UUID
    room_id: uuid.UUID | None
    elsewhere: str = ""

    @property
    def value(self) -> str:
        """What the button posts."""
        return f"{self.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M}|{self.clinician_id}|{self.room_id or ''}"

    @staticmethod
    def read(value: str) -> "Choice":
        """The choice that a button posted; ValueError for anything else."""
        start, clinician, room = value.split("|")
        starts_at = datetime.strptime(start, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        return Choice(starts_at, uuid.UUID(clinician), uuid.UUID(room) if room else None)


def _staff_of_site() -> QuerySet[Clinician]:
    """All who have shifts there."""
    here = {"clinician": OuterRef("pk"), "site": Told("site")}
    weekly, dated = WeeklyShift.objects.filter(**here), ShiftException.objects.filter(**here)
    staff = Clinician.objects.filter(Q(Exists(weekly)) | Q(Exists(dated)), user__is_active=True)
    return staff.select_related("user").order_by("user__name", "pk")


_STAFF = Prepared(_staff_of_site)
_ROOMS = Prepared(lambda: Room.objects.filter(site=Told("site"), in_use=True))


def _deviation_reason() -> forms.CharField:
    """Asked of who may decide it."""
    return forms.CharField(
        label="Your reason, where a series week gets fewer than two infusions",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _override_reason(*, required: bool) -> forms.CharField:
    """Asked once a time was refused that a reason allows."""
    return forms.CharField(
        label="Your reason",
        required=required,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It is kept with your name and reported. Nothing clinical.",
        error_messages={"required": "Please write why this time is right all the same."},
    )


class PlaceForm(RequestIdMixin, forms.Form):
    """A day, a wall time of the site, a clinician and a room; or a button that says all of it at once."""

    on = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    at = forms.TimeField(
        label="Time",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M", "%H:%M:%S"],
    )
    clinician = RowField(label="Clinician", required=False)
    room = RowField(label="Room", required=False)
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, site: Site, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        if PRESCRIBER in user.roles:
            self.fields["deviation_reason"] = _deviation_reason()
        if "override_reason" in self.data:
            self.fields["override_reason"] = _override_reason(required="override" in self.data)
        self._field("clinician").offer(lambda: _STAFF(site=site.pk), empty_label="Any who is free")
        self._field("room").offer(lambda: _ROOMS(site=site.pk), empty_label="Any that is free")
        self._take_choice()

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _take_choice(self) -> None:
        """A button that names a free start fills the fields that it stands for: it wins over what was typed there."""
        try:
            choice = Choice.read(str(self.data.get("choose", "")))
        except ValueError:
            return
        wall, data = wall_of(choice.starts_at, self.site.tz), cast(QueryDict, self.data).copy()
        data["on"], data["at"] = f"{wall:%Y-%m-%d}", f"{wall:%H:%M}"
        data["clinician"], data["room"] = str(choice.clinician_id), str(choice.room_id or "")
        self.data = data

    def clean(self) -> dict[str, Any]:
        """Adds `starts_at`, an instant, from day and time at the site's wall clock.

        A reason to override counts only with its own button: typed, it may belong to a time that was given up.
        """
        data = super().clean() or self.cleaned_data
        if data.get("on") and data.get("at") is not None:
            try:
                data["starts_at"] = wall_at(data["on"], data["at"].replace(second=0, microsecond=0), self.site.tz)
            except NonexistentTime as error:
                self.add_error("at", error.default_say)
        data["override_reason"] = data.get("override_reason", "") if "override" in self.data else ""
        data["clinician_id"] = data.get("clinician")
        data["room_id"] = data.get("room")
        return data

    def clean_on(self) -> date:
        """A slip in the year must neither book nor be looked for."""
        on: date = self.cleaned_data["on"]
        if on > today(self.site.zone) + TWO_YEARS:
            raise forms.ValidationError("Please choose a day within the next two years.")
        return on

    def names_another_site(self) -> bool:
        """Whether the room or the clinician is none of the site's: asked once the visit was refused."""
        return any(not self._offers(name) for name in ("room", "clinician"))

    def _offers(self, name: str) -> bool:
        chosen = self.cleaned_data.get(name)
        return chosen is None or str(chosen) in dict(self._field(name).choices)

    def offer_override(self, refused: BookingRefused) -> None:
        """Ask for a reason to book it all the same, after a refusal that allows one; after any other, no longer."""
        self.fields.pop("override_reason", None)
        if refused.overridable:
            self.fields["override_reason"] = _override_reason(required=True)

    def plain_fields(self) -> list[forms.BoundField]:
        """What the form asks for in any case."""
        return [field for field in self if field.name != "override_reason"]

    def wanted(self) -> datetime | None:
        """The instant that was asked for, however the form fared."""
        found = getattr(self, "cleaned_data", {}).get("starts_at")
        return found if isinstance(found, datetime) else None


class BookForm(PlaceForm):
    """Book one visit of a patient."""

    kind = forms.ChoiceField(label="What kind of visit", choices=list(KINDS.items()), widget=forms.RadioSelect)
    patient_state = forms.CharField(
        label="Where the patient will be: US state",
        required=False,
        max_length=2,
        min_length=2,
        help_text="Two letters, such as CA. Needed for a visit by video.",
    )
    fallback_phone = forms.CharField(
        label="Telephone to fall back on", required=False, max_length=40, help_text="For a visit by video."
    )
    field_order = ("request_id", "kind", "on", "at", "clinician", "room", "patient_state", "fallback_phone")

    def __init__(self, *args: Any, running: Callable[[str], object], **kwargs: Any) -> None:
        """`running`: the series or order that an infusion or a booster belongs to, asked only where it matters."""
        super().__init__(*args, **kwargs)
        self._running = running
        self._field("kind").widget.choices = self._kinds

    def _kinds(self) -> list[tuple[str, str]]:
        return [(value, label) for value, label in KINDS.items() if not self._missing(value.removesuffix(BY_VIDEO))]

    def _missing(self, kind: str) -> str:
        """Why this kind cannot be booked for this patient, or nothing."""
        return BELONGS[kind] if kind in BELONGS and not self._running(kind) else ""

    def clean(self) -> dict[str, Any]:
        """Adds `telehealth`; says why an infusion or a booster cannot be booked for this patient."""
        data = super().clean()
        chosen = str(data.get("kind") or "")
        data["telehealth"] = chosen.endswith(BY_VIDEO)
        data["kind"] = chosen.removesuffix(BY_VIDEO)
        if why := self._missing(data["kind"]):
            self.add_error("kind", why)
        if data["telehealth"]:
            data["room_id"] = None
            if not data.get("patient_state") and "patient_state" not in self.errors:
                self.add_error("patient_state", "Please ask in which US state the patient will be.")
        data["patient_state"] = str(data.get("patient_state") or "").upper() if data["telehealth"] else ""
        data["fallback_phone"] = data.get("fallback_phone", "") if data["telehealth"] else ""
        return data


class MoveForm(VersionMixin, PlaceForm):
    """Move a visit to another time, clinician or room."""


def book_initial(patient: Patient, site: Site, running: Callable[[str], object]) -> dict[str, object]:
    """What the booking form begins with for this patient: the kind of what is running."""
    return {
        "kind": lambda: next((kind for kind in BELONGS if running(kind)), Kind.CONSULTATION.value),
        "patient_state": site.state,
        "fallback_phone": lambda: patient.phone.as_national if patient.phone else "",
    }
