"""The link that ends one sort of mail. It names the message it came with, signed: nothing of its reader is in it."""

import uuid

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from pacificmind.messaging.models import Message

_SALT = "messaging.stop"


def url_of(row: Message) -> str:
    """Where this message's reader ends such mails."""
    token = Signer(salt=_SALT).sign(row.pk.hex)
    return f"{settings.BASE_URL.rstrip('/')}{reverse('mail-stop', args=[token])}"


def message_of(token: str) -> Message | None:
    """The message that a token came with; None where it was not signed by us, or is no longer kept."""
    try:
        pk = uuid.UUID(hex=Signer(salt=_SALT).unsign(token))
    except (BadSignature, ValueError):
        return None
    return Message.objects.filter(pk=pk).first()
