"""Forms of the desk about people."""

from __future__ import annotations

from datetime import date
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from phonenumber_field.formfields import PhoneNumberField

from intake.domain.people import Looked, look
from intake.models import CallAttempt, Patient
from intake.services.inbox import OUTCOMES
from intake.services.patients import Details
from pacificmind.accounts.models import Role, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now, today
from pacificmind.ui.forms import RequestIdMixin, form_helper

OLDEST = date(1900, 1, 1)
_HINT = "A name or a part of it, a telephone number or its last digits, a date of birth; together or alone."


def phone_field(label: str, **extra: Any) -> PhoneNumberField:
    """A telephone number, written in any usual way."""
    return PhoneNumberField(
        label=label, required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}), **extra
    )


class FindForm(forms.Form):
    """One box for name, telephone and date of birth. Sent by POST: what is typed must not stand in an address."""

    typed = forms.CharField(
        label="Who are you looking for?",
        max_length=120,
        strip=True,
        help_text=_HINT,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looked = Looked()

    def clean_typed(self) -> str:
        """Read what was typed, and say so when it cannot find anybody."""
        typed: str = self.cleaned_data["typed"]
        self.looked = look(typed, today=now().date())
        if self.looked.unread:
            raise forms.ValidationError(f"There is no date {self.looked.unread}. Please write month, day and year.")
        if self.looked.is_empty:
            raise forms.ValidationError("Please write a name, at least four digits of a telephone, or a date of birth.")
        return typed


class VersionMixin(RequestIdMixin):
    """Carries the version of the row that was shown."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class AttemptForm(VersionMixin):
    """A try to reach somebody."""

    attempt = forms.ChoiceField(
        label="What came of the call?", choices=CallAttempt.Outcome.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(label="Note", required=False, max_length=300, help_text="When to call again, for example.")
    helper = form_helper("", tag=False)


class CloseForm(VersionMixin):
    """Why a request is closed."""

    outcome = forms.ChoiceField(label="What came of it?", choices=[("", "Choose"), *OUTCOMES.items()])
    helper = form_helper("", tag=False)


class VersionForm(VersionMixin):
    """For a button about a row that was seen."""

    helper = form_helper("", tag=False)


class ChooseForm(VersionMixin):
    """Whose request it is."""

    patient = forms.UUIDField(widget=forms.HiddenInput)


class EndForm(RequestIdMixin):
    """Why a series or a record ends; asked on the page that names what is lost."""

    why = forms.ChoiceField(
        label="Why does it end?",
        choices=Patient.Closed.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why it ends."},
    )
    helper = form_helper("", tag=False)


class EndRecordForm(VersionMixin, EndForm):
    """Why a record is closed, as it was seen."""

    helper = form_helper("", tag=False)


class PatientForm(RequestIdMixin, forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Who a patient is and how to reach them; a date of birth so that nobody is taken for somebody else."""

    phone = phone_field("Telephone")
    emergency_phone = phone_field("Their telephone")
    escort_phone = phone_field("Their telephone")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Patient
        fields = [
            "given_name",
            "family_name",
            "preferred_name",
            "birth_on",
            "phone",
            "email",
            "site",
            "language",
            "emergency_name",
            "emergency_phone",
            "escort_name",
            "escort_phone",
        ]
        widgets = {"birth_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        labels = {"email": "E-mail", "emergency_name": "Name", "escort_name": "Name", "language": "Language"}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"] = forms.ModelChoiceField(
            Site.objects.filter(slug__in=user.sites(Role.FRONT_DESK)), label="Site", empty_label=None
        )
        self.fields["birth_on"].required = True
        for name in self.fields:
            self.fields[name].widget.attrs.setdefault("autocomplete", "off")  # the browser knows the receptionist
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            "request_id",
            "version",
            Fieldset("Name", "given_name", "family_name", "preferred_name", "birth_on"),
            Fieldset("How to reach them", "phone", "email", "site", "language"),
            Fieldset("Emergency contact", "emergency_name", "emergency_phone"),
            Fieldset("Who takes them home", "escort_name", "escort_phone"),
        )

    def clean_birth_on(self) -> date | None:
        """Born in the past, and not before 1900."""
        born: date | None = self.cleaned_data["birth_on"]
        if born is not None and not OLDEST <= born <= today("America/Los_Angeles"):
            raise forms.ValidationError("Please check the date of birth: it lies in the past, after 1900.")
        return born

    def clean(self) -> dict[str, Any]:
        """Somebody who can be reached in no way cannot be told of their visits."""
        data = super().clean() or self.cleaned_data
        if not data.get("phone") and not data.get("email") and not {"phone", "email"} & set(self.errors):
            self.add_error("phone", "Please write a telephone number or an e-mail address, so that we can reach them.")
        return data

    def details(self) -> Details:
        """What the services take."""
        data = self.cleaned_data
        return Details(
            site_id=data["site"].pk,
            birth_on=data["birth_on"],
            **{name: data[name] for name in ("given_name", "family_name", "preferred_name")},
            **{name: data[name] for name in ("email", "language", "emergency_name", "escort_name")},
            **{name: str(data[name] or "") for name in ("phone", "emergency_phone", "escort_phone")},
        )
