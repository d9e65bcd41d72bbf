"""How staff come in and go: a link sent by mail that sets a password once, and sessions that end at once."""

import uuid
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import transaction

from pacificmind.accounts.messages import STAFF_INVITATION, token_hash, tokens_of
from pacificmind.accounts.models import Invitation, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.messaging.models import Recipient
from pacificmind.messaging.services import owe, void

INVITATION_LASTS = timedelta(days=7)
LINK_IS_OLD = "This link does not work any more. Please ask your manager for a new one."


class StaffRefused(Exception):
    """Something that cannot be done with an account. `say` tells what to do, `field` beside which field."""

    def __init__(self, say: str, *, field: str | None = None) -> None:
        self.say, self.field = say, field
        super().__init__(say)


def invitation_of(token: str) -> Invitation | None:
    """The invitation of staff that this token opens now; None for one that is unknown, used or too old."""
    found = Invitation.objects.filter(token_hash=token_hash(token), user__is_active=True, used_at__isnull=True)
    return found.filter(expires_at__gt=now()).select_related("user").first()


def accept_invitation(*, token: str, password: str) -> User:
    """Set the password of whoever holds the link, once. Their address is known to be theirs: the link came there."""
    with transaction.atomic(durable=True):
        known = invitation_of(token)
        if known is None or known.user is None:
            raise StaffRefused(LINK_IS_OLD)
        user = User.objects.select_for_update().get(pk=known.user.pk)
        invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=known.pk)
        if invitation.used_at is not None or not user.is_active:
            raise StaffRefused(LINK_IS_OLD)
        user.set_password(password)
        user.save(update_fields=["password"])
        verified(user)
        end_invitations(user)
        end_sessions(user)
        record(Action.CHANGE, "accept invitation", by=user, subject=user, changes={"fields": ["password"]})
    return user


def invite(user: User, by: User | None) -> None:
    """Send a link for a password, in the caller's transaction; links sent before stop working."""
    end_invitations(user)
    key = uuid.uuid4()
    invitation = Invitation.objects.create(
        id=key,
        email=user.email,
        user=user,
        token_hash=token_hash(tokens_of(key)[0]),
        expires_at=now() + INVITATION_LASTS,
        made_by=by,
    )
    owe(
        STAFF_INVITATION,
        subject=invitation,
        subject_version=1,
        recipient_type=Recipient.USER,
        recipient_id=user.pk,
        due_at=now(),
    )


def end_invitations(user: User) -> None:
    """No link sent to them works any more."""
    earlier = Invitation.objects.filter(user=user, used_at__isnull=True)
    for key in earlier.values_list("pk", flat=True):
        void(key, why="The invitation was used or taken back.")
    earlier.update(used_at=now())


def verified(user: User) -> None:
    """Their address is known to be theirs."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def end_sessions(user: User) -> int:
    """Delete the sessions of a user; how many there were. Sessions are few enough to be read one by one."""
    mine = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=now()).iterator()
        if session.get_decoded().get("_auth_user_id") == str(user.pk)
    ]
    return Session.objects.filter(session_key__in=mine).delete()[0]
