"""Open the record of a patient of another site."""

from typing import Any

from django import forms
from phonenumber_field.formfields import PhoneNumberField

from intake.forms.requests import BirthDateField
from intake.models import RecordOpening
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class OpenRecordForm(RequestIdMixin, forms.Form):
    """Whose record, exactly, and why now."""

    phone = PhoneNumberField(
        label="Their telephone",
        region="US",
        help_text="The whole number, as the other site has it.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        error_messages={"invalid": "Please enter a whole telephone number, such as 213 555 0123."},
    )
    birth_on = BirthDateField(label="Their date of birth")
    why = forms.ChoiceField(label="Why now?", choices=RecordOpening.Why.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="In your words",
        max_length=300,
        help_text="A manager reads this, and the patient sees it beside your name. Nothing clinical.",
        widget=LongText(attrs={"rows": 3}),
    )
    helper = form_helper("", tag=False)

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        told = {name: data[name] for name in ("birth_on", "why", "reason", "request_id")}
        return {"phone": str(data["phone"]), **told}
