"""Forms of the public request and of the claim of a record."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.forms.boundfield import BoundField
from phonenumber_field.formfields import PhoneNumberField

from intake.domain import suits
from intake.models import ConsultationRequest
from intake.models.patient import LANGUAGES
from intake.services.requests import Asked
from pacificmind.clinic.models import Site
from pacificmind.clock import today
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper

LONGEST_REASON = 4000
LONGEST_KEPT = 20_000  # of words of crisis in a text that is too long
EARLIEST = date(1900, 1, 1)
ZONE = "America/Los_Angeles"  # a birth date is over everywhere in the clinics' zone


class Way(TextChoices):
    """How the consultation is held."""

    IN_PERSON = "in-person", "At the clinic"
    VIDEO = "video", "By video"


class Lines(forms.CharField):
    """Text of several lines. A line break counts as one character, as it does in the browser."""

    widget = LongText

    def to_python(self, value: Any) -> str:
        """The text with line breaks as everywhere but in HTTP."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class BirthDateField(forms.DateField):
    """A date of birth: a day that exists, in 1900 or later, not in the future."""

    default_error_messages = {"invalid": "Please write the date of birth as month, day and year."}

    def __init__(self, **extra: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d")
        super().__init__(**{"label": "Date of birth", "widget": widget, **extra})

    def clean(self, value: Any) -> date | None:
        """The date; ValidationError for one that cannot be a date of birth."""
        found: date | None = super().clean(value)
        if found is not None and not EARLIEST <= found <= today(ZONE):
            raise forms.ValidationError("Please look at the year: this cannot be a date of birth.")
        return found


def name_field(label: str, autocomplete: str, **extra: Any) -> forms.CharField:
    """A name of up to 80 characters, as the record keeps it."""
    return forms.CharField(
        label=label, max_length=80, widget=forms.TextInput(attrs={"autocomplete": autocomplete}), **extra
    )


class SiteField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The open sites with their addresses, as large rows."""

    def __init__(self, **extra: Any) -> None:
        options = {"empty_label": None, "widget": forms.RadioSelect, **extra}
        super().__init__(Site.objects.filter(open_to_requests=True), **options)

    def label_from_instance(self, obj: Site) -> str:
        """Name and address."""
        return f"{obj.name}: {obj.address}"


class RequestForm(RequestIdMixin, forms.Form):
    """What anyone can tell us to be seen. `website` is for machines: people neither see nor fill it."""

    site = SiteField(label="Which clinic suits you?", error_messages={"required": "Please choose a clinic."})
    way = forms.ChoiceField(
        label="How would you like to talk with us?",
        choices=Way.choices,
        initial=Way.IN_PERSON,
        widget=forms.RadioSelect,
        help_text="By video you have to be in California at the time.",
    )
    times = forms.MultipleChoiceField(
        label="When does it suit you?",
        required=False,
        choices=[*suits.CODES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    times_note = forms.CharField(
        label="Anything else about times", required=False, max_length=400, help_text="For example: not before 9."
    )
    given_name = name_field("First name", "given-name")
    family_name = name_field("Last name", "family-name")
    birth_on = BirthDateField(required=False)
    phone = PhoneNumberField(
        label="Telephone", required=False, widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"})
    )
    email = forms.EmailField(label="E-mail", required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    reach = forms.ChoiceField(
        label="How shall we reach you?",
        choices=ConsultationRequest.Reach.choices,
        initial=ConsultationRequest.Reach.PHONE,
        widget=forms.RadioSelect,
    )
    language = forms.ChoiceField(
        label="The language you would rather read (idioma que prefiere leer)",
        choices=LANGUAGES,
        initial="en",
        required=False,
        widget=forms.RadioSelect,
        help_text="For our mails and texts.",
    )
    may_leave_message = forms.BooleanField(
        label="You may leave a message if I do not answer",
        required=False,
        help_text="We then say only that the clinic called, and our number.",
    )
    reason = Lines(
        label="What brings you to us?",
        required=False,
        max_length=LONGEST_REASON,
        help_text="In your own words, as much or as little as you like. Only the clinicians and the front desk of "
        "this clinic read it.",
        widget=LongText(attrs={"rows": 7}),
    )
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    helper = form_helper("", tag=False)

    def clean_website(self) -> str:
        """A machine fills every field; a person whose browser did is told, and loses nothing."""
        if self.cleaned_data["website"]:
            raise forms.ValidationError("Please empty this field and send once more.")
        return ""

    def clean(self) -> dict[str, Any]:
        """A way to reach them, and one that fits what they gave."""
        told = super().clean() or {}
        phone, email, reach = told.get("phone"), told.get("email"), told.get("reach")
        if "phone" in self.errors or "email" in self.errors:
            return told
        if not phone and not email:
            self.add_error("phone", "Leave a telephone number or an e-mail address, so that we can reach you.")
        elif reach == ConsultationRequest.Reach.EMAIL and not email:
            self.add_error("email", "Please write your e-mail address, or choose another way to be reached.")
        elif reach in (ConsultationRequest.Reach.PHONE, ConsultationRequest.Reach.SMS) and not phone:
            self.add_error("phone", "Please write your telephone number, or choose to be reached by e-mail.")
        return told

    def asked(self) -> Asked:
        """What the service keeps."""
        told = self.cleaned_data
        plain = ("given_name", "family_name", "birth_on", "email", "times", "times_note", "reach", "may_leave_message")
        return Asked(
            site_id=told["site"].pk,
            telehealth=told["way"] == Way.VIDEO,
            phone=str(told["phone"] or ""),
            reason=told["reason"],
            language=told["language"] or "en",
            **{name: told[name] for name in plain},
        )

    def told_so_far(self) -> Asked | None:
        """What is valid of a form that is not: the texts as they were typed. None where no site takes requests."""
        told = self.cleaned_data
        site = told.get("site") or Site.objects.filter(open_to_requests=True).first()
        if site is None:
            return None
        return Asked(
            site_id=site.pk,
            given_name=told.get("given_name") or "Somebody",
            family_name=told.get("family_name") or "(not finished)",
            birth_on=told.get("birth_on"),
            email=told.get("email") or self._left("email"),
            phone=str(told.get("phone") or self._left("phone")),
            reach=told.get("reach") or ConsultationRequest.Reach.PHONE,
            may_leave_message=bool(told.get("may_leave_message")),
            reason=self.data.get("reason", "").replace("\r\n", "\n")[:LONGEST_KEPT],
            times_note=self.data.get("times_note", "")[:400],
        )

    def _left(self, name: str) -> str:
        """A value that is right by itself, and was refused only beside the others."""
        try:
            return str(self.fields[name].clean(self.data.get(name, "")) or "")
        except forms.ValidationError:
            return ""

    def grid(self) -> list[tuple[str, list[dict[str, object]]]]:
        """The boxes for times: a row for each weekday, a box for each half of it."""
        bound: BoundField = self["times"]
        ticked = set(bound.value() or ())
        return [
            (
                name,
                [
                    {"code": f"{day}-{part}", "word": word, "ticked": f"{day}-{part}" in ticked}
                    for part, word in suits.PARTS
                ],
            )
            for day, name in suits.DAYS
        ]


class ClaimForm(forms.Form):
    """The date of birth that shows whose record it is."""

    birth_on = BirthDateField(label="Your date of birth")
    helper = form_helper("Connect my record")
