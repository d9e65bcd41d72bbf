"""Who a session belongs to: asked by every request."""

import uuid

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError

from pacificmind.accounts.models import User
from pacificmind.prepared import Prepared, Told

_USER = Prepared(lambda: User.objects.filter(pk=Told("pk")))


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's, with the user of a session read by a statement that is put together once."""

    def get_user(self, user_id: str | uuid.UUID) -> User | None:
        """The user, unless the account is closed."""
        try:
            found = _USER.first(pk=User._meta.pk.to_python(user_id))
        except ValidationError:
            return None
        return found if found is not None and self.user_can_authenticate(found) else None
