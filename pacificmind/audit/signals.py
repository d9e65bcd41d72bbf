"""Sign-ins and refused sign-ins, recorded whichever page they come through."""

import uuid
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import models

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record


def connect() -> None:
    """Listen, once."""
    user_logged_in.connect(signed_in, dispatch_uid="audit-signed-in")
    user_login_failed.connect(refused, dispatch_uid="audit-sign-in-refused")


def signed_in(sender: type[models.Model], user: User, **kwargs: Any) -> None:
    """Somebody signed in."""
    record(Action.SIGN_IN, "sign-in", by=user, subject=user, patient_id=_patient_of(user))


def refused(sender: object, credentials: dict[str, Any], **kwargs: Any) -> None:
    """Somebody tried. The address typed is not kept: a password lands in that field often enough."""
    typed = str(credentials.get("email") or credentials.get("username") or "").replace("\0", "")
    user = User.objects.filter(email=typed.strip().lower()).first() if typed else None
    patient_id = _patient_of(user) if user else None
    record(Action.SIGN_IN_REFUSED, "sign-in", by=None, subject=user, patient_id=patient_id)


def _patient_of(user: User) -> uuid.UUID | None:
    patient = getattr(user, "patient", None)
    return patient.pk if patient is not None else None
