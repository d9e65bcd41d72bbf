"""What every signed act asks for: the password of whoever signs, unless they confirmed a moment ago that it is they."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest

from intake.services.guards import confirm_signature
from pacificmind.accounts import reauth
from pacificmind.accounts.models import User


class SignedMixin(forms.Form):
    """Adds `password` as the last field where no recent confirmation is known; `confirmed` is that one."""

    def __init__(self, *args: Any, confirmed: reauth.Confirmed | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.confirmed = confirmed
        if confirmed is None:
            self.fields["password"] = forms.CharField(
                label="Your password, to sign",
                strip=False,
                max_length=1_000,
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            )

    def signer(self, request: HttpRequest, patient_id: uuid.UUID | None) -> reauth.Confirmed:
        """That it is they: known from a moment ago, or by the password in this valid form. Raises WrongPassword."""
        if self.confirmed is not None:
            return self.confirmed
        assert isinstance(request.user, User)
        confirm_signature(by=request.user, password=self.cleaned_data["password"], patient_id=patient_id)
        reauth.remember_password(request)
        return reauth.of_this_moment(request.user, "password")
