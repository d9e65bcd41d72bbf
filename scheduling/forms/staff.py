"""Forms about staff: who they are, what they may do; and the password they choose when they are invited."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms
from django.contrib.auth.password_validation import validate_password

from pacificmind.accounts.models import Role, User
from pacificmind.accounts.services import Staff
from pacificmind.clinic.models import Site
from pacificmind.ui.forms import form_helper
from scheduling.forms.manage import SeenMixin

MOST_LANES = 12


class StaffForm(SeenMixin):
    """Name, roles with their sites, and what a clinician may do."""

    name = forms.CharField(label="Name", max_length=120, help_text="As patients and colleagues read it.")
    front_desk = forms.MultipleChoiceField(label="Front desk at", required=False, widget=forms.CheckboxSelectMultiple)
    clinician = forms.MultipleChoiceField(label="Clinician at", required=False, widget=forms.CheckboxSelectMultiple)
    manager = forms.BooleanField(label="Manager of the clinic", required=False)
    credentials = forms.CharField(
        label="Credentials", required=False, max_length=40, help_text="For example MD, NP, RN."
    )
    is_prescriber = forms.BooleanField(label="Prescriber: consultations, decisions, orders", required=False)
    attends_infusions = forms.BooleanField(label="Attends treatments", required=False)
    lanes = forms.IntegerField(
        label="Treatments attended at once", min_value=1, max_value=MOST_LANES, initial=1, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = [(site.pk, site.name) for site in Site.objects.all()]
        for name in ("front_desk", "clinician"):
            self.fields[name].choices = sites  # type: ignore[attr-defined]  # a MultipleChoiceField
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            *([] if "email" not in self.fields else ["email"]),
            "request_id",
            "seen",
            "name",
            Fieldset("Roles", "front_desk", "clinician", "manager"),
            Fieldset("For clinicians", "credentials", "is_prescriber", "attends_infusions", "lanes"),
        )

    @staticmethod
    def initial_of(staff: Staff) -> dict[str, Any]:
        """Initial values of somebody who is here."""
        sites = {role: [site for r, site in staff.grants if r == role] for role in Role.values}
        return {
            "name": staff.name,
            "front_desk": sites[Role.FRONT_DESK],
            "clinician": sites[Role.CLINICIAN],
            "manager": bool(sites[Role.MANAGER]),
            "credentials": staff.credentials,
            "is_prescriber": staff.is_prescriber,
            "attends_infusions": staff.attends_infusions,
            "lanes": staff.lanes,
        }

    def clean(self) -> dict[str, Any]:
        """At least one role; a clinician does at least one of the two things clinicians do."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not (data.get("front_desk") or data.get("clinician") or data.get("manager")):
            self.add_error("front_desk", "Choose at least one role, here or below.")
        can_treat = data.get("is_prescriber") or data.get("attends_infusions")
        if data.get("clinician") and not can_treat:
            self.add_error("is_prescriber", "Say what this clinician does: prescriber, attends treatments, or both.")
        return data

    def staff(self) -> Staff:
        """What the services take."""
        data = self.cleaned_data
        grants: list[tuple[str, str | None]] = [(Role.CLINICIAN.value, site) for site in sorted(data["clinician"])]
        grants += [(Role.FRONT_DESK.value, site) for site in sorted(data["front_desk"])]
        grants += [(Role.MANAGER.value, None)] if data["manager"] else []
        return Staff(
            name=data["name"],
            grants=tuple(grants),
            credentials=data["credentials"],
            is_prescriber=data["is_prescriber"],
            attends_infusions=data["attends_infusions"],
            lanes=data["lanes"] or 1,
        )


class InviteForm(StaffForm):
    """The same with the address that the invitation goes to."""

    email = forms.EmailField(label="Work e-mail", widget=forms.EmailInput(attrs={"autocomplete": "off"}))


class JoinForm(forms.Form):
    """A password, chosen once."""

    password = forms.CharField(
        label="Choose a password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="15 characters or more. A few words in a row are easy to remember.",
    )
    helper = form_helper("Set my password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Long, and not a common one."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password
