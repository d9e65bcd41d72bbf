"""Users as recipients of messages."""

import uuid
from collections.abc import Iterable

from pacificmind.accounts.models import User
from pacificmind.messaging.registry import Address


def staff_address(user_id: uuid.UUID) -> Address | None:
    """A user's address; mail to somebody who left is not sent."""
    return staff_addresses([user_id]).get(user_id)


def staff_addresses(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Address]:
    """The addresses of many, in one query."""
    closed = "This account is closed."
    return {
        user.pk: Address(
            email=user.email,
            phone=str(user.page_phone or ""),
            name=user.name,
            may_email=user.is_active,
            may_sms=user.is_active,
            why_not=closed,
        )
        for user in User.objects.filter(pk__in=list(ids))
    }


def staff_names(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of users, in one query."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in=list(ids)).only("name", "email")}
