"""How accounts are opened: patients sign up themselves, staff are invited."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from pacificmind.accounts.models import Role, RoleGrant, User


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Whoever signs up is a patient; every other role is granted by a manager."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the new user with the patient's role."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if commit:
                RoleGrant.objects.get_or_create(user=saved, role=Role.PATIENT, site=None)
        return saved
