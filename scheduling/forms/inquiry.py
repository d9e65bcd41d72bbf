"""Forms around an inquiry."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from intake.forms.requests import BirthDateField
from pacificmind.ui.forms import form_helper


class ProofForm(forms.Form):
    """The date of birth that shows whose link it is."""

    birth_on = BirthDateField(label="Your date of birth")
    helper = form_helper("Go to the questions")

    def clean_birth_on(self) -> Any:
        """Never empty."""
        if self.cleaned_data["birth_on"] is None:
            raise ValidationError("Please write your date of birth.")
        return self.cleaned_data["birth_on"]
