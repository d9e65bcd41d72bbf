"""The mail that invites staff. Its link is made anew each time: no table and no ledger holds it."""

import hashlib
import uuid
from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import salted_hmac

from pacificmind.accounts.models import Invitation
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Purpose, Void, Words, register

STAFF_INVITATION = "staff-invitation"
_SALT = "accounts.staff-invitation"


def tokens_of(invitation_id: uuid.UUID) -> list[str]:
    """The 256-bit token of an invitation under the present key, then under each older one."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(_SALT, str(invitation_id), secret=key, algorithm="sha256").digest() for key in keys]
    return [urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


def token_hash(token: str) -> str:
    """What the table keeps of a token: its SHA-256, which opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def staff_invitation(message: Message) -> Words | Void:
    """The invitation with its link, as long as the link works."""
    invitation = Invitation.objects.filter(pk=message.subject_id, user__isnull=False).first()
    if invitation is None or invitation.used_at is not None:
        return Void("The invitation was used or taken back.")
    if invitation.expires_at <= now():
        return Void("The invitation has expired.")
    token = next((one for one in tokens_of(invitation.pk) if token_hash(one) == invitation.token_hash), None)
    if token is None:
        return Void("The key of this server changed: invite again.")
    return Words(
        subject="Your account with the clinic",
        context={
            "lines": [
                "You are invited to the staff portal of the clinic.",
                "Choose a password of at least 15 characters, then set up the second step for signing in.",
                "The link works once, for seven days. If you did not expect this mail, do nothing.",
            ],
            "link_label": "Set up your account",
            "path": f"/invitation/{token}/",
        },
        template="staff",
    )


def register_messages() -> None:
    """Tell the ledger; called once, when the app is ready."""
    register(Purpose(STAFF_INVITATION, "Invitation of staff", staff_invitation, to_patients=False))
