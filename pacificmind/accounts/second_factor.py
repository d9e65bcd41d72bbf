"""Six digits of an app: those of the step before or after count too, and each is taken once."""

import hashlib
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.exceptions import ValidationError

USED = "This code has been used once already. Wait for the next one that your app shows."


class _Once:
    """Refuses digits for as long as they would be taken: the library forgets them after one step of the three."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """The code, if it is right and new; asked before the library is, which forgives wrong tries for a right one."""
        key = self._key(self.cleaned_data["code"])  # type: ignore[attr-defined]  # a form's, which this is mixed into
        if cache.get(key):
            raise ValidationError(USED, code="used")
        code: str = super().clean_code()  # type: ignore[misc]  # likewise
        if self.authenticator.type == Authenticator.Type.TOTP:
            # Of several windows at once the library lets one by: it adds the digits to those it knows.
            cache.set(key, "y", timeout=app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1))
        return code

    def _key(self, code: str) -> str:
        digits = "".join(one for one in code if one.isalnum())  # "123 456" and "123-456" are the same to the library
        return f"second-factor-used:{hashlib.sha256(f'{self.user.pk}:{digits}'.encode()).hexdigest()}"


class AuthenticateForm(_Once, forms.AuthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """At sign-in."""


class ReauthenticateForm(_Once, forms.ReauthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """Before something that is signed, or changes how one signs in."""
