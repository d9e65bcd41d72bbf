"""Forms of the manager about the clinic, its sites, rooms and kinds of visit."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.contrib.postgres.forms import SimpleArrayField

from pacificmind.clinic.models import MOST_CHECK_IN_DAYS, MOST_REMINDER_DAYS, ClinicSettings, Site
from pacificmind.ui.forms import RequestIdMixin, form_helper
from scheduling.forms.people import phone_field
from scheduling.models import Kind, Room, VisitType
from scheduling.models.supply import Feature
from scheduling.services.rooms import ROOM_FIELDS, TYPE_FIELDS
from scheduling.services.settings import CLINIC_FIELDS, SITE_FIELDS

GRIDS = [(n, f"{n} minutes") for n in (5, 10, 15, 20, 30, 60)]
TREATMENT_KINDS = ("infusion", "booster")


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


class DaysField(SimpleArrayField):
    """Days as numbers with commas between them: "3, 1". Each is kept once."""

    def __init__(self, label: str, most: int, hint: str, *, latest_first: bool) -> None:
        super().__init__(
            forms.IntegerField(min_value=1, max_value=most), label=label, required=False, help_text=hint, max_length=24
        )
        self.latest_first = latest_first

    def prepare_value(self, value: Any) -> Any:
        """With a space after each comma, as people write them."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        """Each day once, in order."""
        return sorted(set(super().clean(value)), reverse=self.latest_first)


class ClinicForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The clinic's settings."""

    phone = phone_field("Telephone of the clinic")
    notice_hours = _number("Hours of notice to move or cancel", 0, 336, "After this, patients are asked to call.")
    horizon_days = _number("Days ahead that patients can book", 1, 366)
    grid_minutes = forms.TypedChoiceField(label="Offered times start every", choices=GRIDS, coerce=int)
    stage_size = _number("Treatments before the first review", 1, 8)
    pause_days = _number("Days of pause that ask for a review", 7, 60, "The protocol says 14.")
    booster_gap_days = _number("Days between a booster and any other treatment", 7, 90, "At least 7.")
    reevaluation_days = _number(
        "Days that a look before a booster holds", 1, 366, "180 unless told otherwise, as a decision does."
    )
    rest_days = _number("Days between two series", 0, 365)
    request_response_hours = _number("Hours within which a request is answered", 1, 168)
    offer_minutes = _number("Minutes for which an earlier time is held", 15, 1440)
    repair_grace_minutes = _number("Minutes in which a repair can be undone", 0, 60)
    mail_reminder_days = DaysField(
        "Reminders by mail, days before a visit", MOST_REMINDER_DAYS,
        "Such as 3, 1. The one nearest to a treatment also asks whether the patient is ready.", latest_first=True,
    )  # fmt: skip
    text_reminder_days = DaysField(
        "Reminders by text message, days before a visit", MOST_REMINDER_DAYS,
        "Such as 1. Only to those who agreed to texts.", latest_first=True,
    )  # fmt: skip
    check_in_days = DaysField(
        "Check-ins, days after the last treatment", MOST_CHECK_IN_DAYS,
        "Such as 1, 3, 7, 14, 21, 28. Counted anew from each booster.", latest_first=False,
    )  # fmt: skip
    unfinished_after_days = _number("Days after which unfinished answers are asked for", 1, 30, "Twice at most.")
    ends_soon_days = _number("Days before a decision ends on which somebody looks", 1, 90)
    hold_systolic = _number("Wait above: systolic, mmHg", 100, 250, "The label of esketamine says 140.")
    hold_diastolic = _number("Wait above: diastolic, mmHg", 50, 150, "The label says 90.")
    stop_systolic = _number("Do not start above: systolic, mmHg", 100, 250)
    stop_diastolic = _number("Do not start above: diastolic, mmHg", 50, 150)
    rest_minutes = _number("Minutes of rest before a reading is repeated", 5, 10)
    hold_repeats = _number("Repeats before a clinician decides", 1, 5)
    vitals_minutes = _number("Minutes that a reading counts for the start", 15, 240)
    urgent_systolic = _number("Urgent band above: systolic, mmHg", 120, 300)
    urgent_diastolic = _number("Urgent band above: diastolic, mmHg", 60, 200)
    urgent_heart_rate = _number("Urgent band above: heart rate", 60, 250)
    urgent_spo2 = _number("Urgent band below: oxygen saturation, %", 70, 100)
    opening_minutes = _number("Minutes that a record of another site stays open", 5, 480)
    message_keep_days = _number(
        "Days for which sent messages are kept", 90, 3650, "After this, counts alone are kept of them."
    )
    alert_ack_minutes = _number("Minutes to take an urgent alert", 1, 60, "Then it is paged again.")
    alert_second_minutes = _number("Minutes to the second escalation", 2, 120)
    alert_third_minutes = _number("Minutes to the third escalation", 3, 180)
    alert_repeat_minutes = _number("Minutes between pages after that", 1, 120, "Without end, until somebody has it.")
    asq_wait_minutes = _number("Minutes until a screen left in the middle is urgent", 1, 60)
    on_call_days = _number("Days ahead in which a gap in the rota is a task", 1, 60)
    friendly_days = DaysField(
        "Friendly notes, days after a closed safety alert", MOST_CHECK_IN_DAYS,
        "Such as 7, 30, 60, 90. Short, and they ask for nothing. Empty: none.", latest_first=False,
    )  # fmt: skip

    class Meta:
        model = ClinicSettings
        fields = CLINIC_FIELDS
        labels = {
            "name": "Name of the clinic",
            "hours": "Hours, in words",
            "friendly_by": "How a friendly note is made",
        }
        help_texts = {"hours": "They stand in the footer and in mails."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = True
        self.helper = form_helper("", tag=False)
        parts = (
            Fieldset("The clinic", "name", "phone", "hours"),
            Fieldset(
                "Booking", "notice_hours", "horizon_days", "grid_minutes", "offer_minutes", "repair_grace_minutes"
            ),
            Fieldset("Treatment", "stage_size", "pause_days", "booster_gap_days", "reevaluation_days", "rest_days"),
            Fieldset(
                "What we write",
                "mail_reminder_days",
                "text_reminder_days",
                "check_in_days",
                "unfinished_after_days",
                "ends_soon_days",
            ),
            Fieldset(
                "Vital signs before a treatment",
                *("hold_systolic", "hold_diastolic", "stop_systolic", "stop_diastolic"),
                *("rest_minutes", "hold_repeats", "vitals_minutes"),
            ),
            Fieldset(
                "Vital signs during it", "urgent_systolic", "urgent_diastolic", "urgent_heart_rate", "urgent_spo2"
            ),
            Fieldset("What we keep", "message_keep_days", "opening_minutes"),
            Fieldset("How fast we answer", "request_response_hours"),
            Fieldset(
                "Safety alerts",
                "alert_ack_minutes",
                "alert_second_minutes",
                "alert_third_minutes",
                "alert_repeat_minutes",
                "asq_wait_minutes",
                "on_call_days",
                "friendly_days",
                "friendly_by",
            ),
        )
        drawn = {"request_id", "seen"}.union(*(part.fields for part in parts))
        rest = [name for name in self.fields if name not in drawn]
        self.helper.layout = Layout("request_id", "seen", *parts, *([Fieldset("Other numbers", *rest)] if rest else []))


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


class AddSiteForm(SiteForm):
    """A new site, with the short name that its addresses carry."""

    slug = forms.SlugField(
        label="Short name, for addresses of pages",
        max_length=20,
        help_text="Small letters and hyphens, such as long-beach. It cannot change later.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["name", "slug"])
        self.helper = form_helper("Add this site")

    def clean_slug(self) -> str:
        """In small letters; "new" is the address of this very page."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug == "new":
            raise forms.ValidationError("Choose another short name, such as that of the town.")
        return slug


class RoomForm(SeenMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A room."""

    turnover_minutes = _number("Minutes to make it ready after a visit", 0, 240)
    features = forms.MultipleChoiceField(
        label="What is in it",
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Kinds of visit that need something are held only in rooms that have it.",
    )

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
    turnover_minutes = _number(
        "Minutes to make the room ready after it", 0, 240, "Where a room itself needs longer, the longer time counts."
    )
    buffer_minutes = _number(
        "Minutes the clinician keeps free after it", 0, 120, "For notes, say. Nothing is booked with them then."
    )
    notice_hours = _number(
        "Hours of notice to book it", 0, 336, "The front desk may go below it with a reason. Patients may not."
    )
    horizon_days = _number("Days ahead it can be booked", 1, 730)
    needs = forms.MultipleChoiceField(
        label="What the room must have",
        choices=Feature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = VisitType
        fields = TYPE_FIELDS
        labels = {
            "patient_may_book": "Patients can book it online",
            "desk_may_book": "The front desk can book it, not clinicians alone",
            "all_lanes": "The clinician attends nobody else meanwhile",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.kind in TREATMENT_KINDS:
            after_a_look = self.instance.kind == Kind.BOOSTER
            self.fields["patient_may_book"].disabled = not after_a_look
            self.fields["patient_may_book"].help_text = (
                "Only after a clinician has looked at the patient again, and on days that fit the plan."
                if after_a_look
                else "Treatments are always booked by the clinic."
            )
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            "request_id",
            "seen",
            "name",
            Fieldset("How long it takes", "minutes", "turnover_minutes", "buffer_minutes"),
            Fieldset("Who books it, and when", "patient_may_book", "desk_may_book", "notice_hours", "horizon_days"),
            Fieldset("What it takes", "all_lanes", "needs"),
        )
