"""Say that a review page is open, and that it no longer is. Only kept so that two do not decide at once unawares."""

from intake.models import Intake, Presence
from pacificmind.accounts.models import User
from pacificmind.clock import now


def here(*, by: User, intake: Intake) -> None:
    """The page of this version is open before this user at this moment."""
    Presence.objects.bulk_create(
        [Presence(intake=intake, user=by, seen_at=now())],
        update_conflicts=True,
        unique_fields=["intake", "user"],
        update_fields=["seen_at"],
    )


def gone(*, by: User, intake: Intake) -> None:
    """They have decided, or closed the page."""
    Presence.objects.filter(intake=intake, user=by).delete()
