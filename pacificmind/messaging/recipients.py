"""Users as recipients of messages."""

import uuid
from collections.abc import Iterable

from pacificmind.accounts.models import User
from pacificmind.messaging.registry import Address


def staff_address(user_id: uuid.UUID) -> Address | None:
    """A user's address; mail to somebody who left is not sent."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return None
    return Address(email=user.email, name=user.name, may_email=user.is_active, why_not="This account is closed.")


def staff_names(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of users, in one query."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in=list(ids)).only("name", "email")}
