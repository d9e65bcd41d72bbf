"""The forms around the suicide screen: one question of it, and where the patient is."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from phonenumber_field.formfields import PhoneNumberField

from intake.domain.library import instrument
from intake.queries.safety import Whereabouts
from intake.services.asq import WORDS_LENGTH
from pacificmind.ui.forms import LongText, form_helper

CHOOSE = "Please choose one answer. You can also choose the last one."


class AsqForm(forms.Form):
    """One question in its fixed wording and order, with the words that follow a Yes where it has them."""

    def __init__(self, number: int, language: str, data: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(data, **more)
        try:
            self.instrument = instrument("ASQ", language)
        except KeyError:  # no approved wording in that language
            self.instrument = instrument("ASQ")
        item = self.instrument.items[number - 1]
        self.fields["answer"] = forms.ChoiceField(
            label=item.text,
            choices=[(str(option.value), option.text) for option in item.options],
            widget=forms.RadioSelect,
            error_messages={"required": CHOOSE, "invalid_choice": CHOOSE},
        )
        if item.follow_up:
            self.fields["words"] = forms.CharField(
                label=item.follow_up, required=False, max_length=WORDS_LENGTH, widget=LongText(attrs={"rows": 3})
            )

    @property
    def helper(self) -> FormHelper:
        """Fields only."""
        return form_helper("", tag=False)


class WhereForm(forms.Form):
    """Where the patient is, and whom to call."""

    place = forms.CharField(
        label="Where are you right now?",
        max_length=200,
        help_text="The street and the city, or the name of the place.",
    )
    phone = PhoneNumberField(
        label="Which number can we call you on?",
        region="US",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    emergency_name = forms.CharField(
        label="Who should we call in an emergency?",
        required=False,
        max_length=120,
        help_text="We call them only if we are worried about your safety and cannot reach you.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    emergency_phone = PhoneNumberField(
        label="What is their number?",
        region="US",
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )

    @staticmethod
    def initial_of(known: Whereabouts) -> dict[str, str]:
        """What was told last."""
        return {
            "place": known.place,
            "phone": known.phone,
            "emergency_name": known.emergency_name,
            "emergency_phone": known.emergency_phone,
        }

    @property
    def helper(self) -> FormHelper:
        """Fields only."""
        return form_helper("", tag=False)

    def told(self) -> dict[str, str]:
        """What was told, numbers in full."""
        data = self.cleaned_data
        return {
            "place": data["place"],
            "phone": data["phone"].as_e164,
            "emergency_name": data["emergency_name"],
            "emergency_phone": data["emergency_phone"].as_e164 if data["emergency_phone"] else "",
        }
