"""Who a session belongs to: asked by every request."""

import uuid

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from pacificmind.accounts.models import Clinician, RoleGrant, User
from pacificmind.prepared import Prepared, Told


def _user() -> QuerySet[User, User]:
    """The user, and what every page asks of them: roles, whether they prescribe, whether there is a second factor."""
    grants = RoleGrant.objects.filter(user=OuterRef("pk")).order_by("pk")
    return User.objects.filter(pk=Told("pk")).annotate(
        told_grants=ArraySubquery(grants.values(told=JSONObject(id="pk", role="role", site_id="site"))),
        told_prescribes=Exists(Clinician.objects.filter(user=OuterRef("pk"), is_prescriber=True)),
        told_second_factor=Exists(Authenticator.objects.filter(user=OuterRef("pk"))),
    )


_USER = Prepared(_user)


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """allauth's, with the user of a session read by a statement that is put together once."""

    def get_user(self, user_id: str | uuid.UUID) -> User | None:
        """The user, unless the account is closed."""
        try:
            found = _USER.first(pk=User._meta.pk.to_python(user_id))
        except ValidationError:
            return None
        return found if found is not None and self.user_can_authenticate(found) else None
