"""Staff: invited, let in, given and taken roles, sent away. A manager does it; a command makes the first one."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction

from pacificmind.accounts.invitations import StaffRefused, end_invitations, end_sessions, invite, verified
from pacificmind.accounts.models import STAFF_ROLES, Clinician, Role, RoleGrant, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import RequestReused, digest, once

_STAFF_CHANGES = 7241  # advisory lock: changes of staff come one after the other, so that a manager always remains


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """What a member of staff is: name, roles as (role, site or None), and what they may do as a clinician."""

    name: str
    grants: tuple[tuple[str, str | None], ...]
    credentials: str = ""
    is_prescriber: bool = False
    attends_infusions: bool = False
    lanes: int = 1

    @property
    def is_clinician(self) -> bool:
        """Whether one of the roles is a clinician's."""
        return any(role == Role.CLINICIAN for role, _ in self.grants)


def staff_as_is(user: User) -> Staff:
    """The same of somebody who is here."""
    clinician = Clinician.objects.filter(user=user).first() or Clinician(user=user)
    return Staff(
        name=user.name,
        grants=_sorted((g.role, g.site_id) for g in RoleGrant.objects.filter(user=user)),
        credentials=clinician.credentials,
        is_prescriber=clinician.is_prescriber,
        attends_infusions=clinician.attends_infusions,
        lanes=clinician.lanes,
    )


def seen_staff(staff: Staff) -> str:
    """A digest of it: what a form carries, to tell later whether somebody else changed it."""
    return digest(asdict(staff))


@contextmanager
def changing_staff(by: User | None) -> Iterator[None]:
    """One durable transaction after another; only for managers, and for commands (None)."""
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_STAFF_CHANGES])
            if by is not None and not RoleGrant.objects.filter(user=by, role=Role.MANAGER, user__is_active=True):
                raise PermissionDenied
            yield
    except RequestReused as error:
        raise StaffRefused(RequestReused.say) from error


def invite_staff(*, by: User, email: str, staff: Staff, request_id: uuid.UUID | None = None) -> User:
    """Make an account that opens with a link sent by mail. Raises StaffRefused where the address is taken."""
    address = email.strip().lower()
    with (
        changing_staff(by),
        once(request_id, user_id=by.pk, intent="invite-staff", asked=_asked(address, staff)) as state,
    ):
        if state.repeated:
            return User.objects.get(pk=state.result["user"])
        if User.objects.filter(email=address).exists():
            raise StaffRefused("This address has an account already. Write another one.", field="email")
        _check(staff)
        user = User.objects.create_user(address, name=staff.name)
        _write(user, staff)
        record(Action.CREATE, "invite staff", by=by, subject=user, changes={"roles": _words(staff)})
        invite(user, by)
        state.result = {"user": str(user.pk)}
    return user


def invite_again(*, by: User, user_id: uuid.UUID, request_id: uuid.UUID | None = None) -> None:
    """Send a new link, for a new password; links sent before stop working."""
    with changing_staff(by), once(request_id, user_id=by.pk, intent="invite-again", asked={"user": user_id}) as state:
        user = _staff_user(user_id)
        if state.repeated:
            return
        if not user.is_active:
            raise StaffRefused("This account is closed. Open it again first.")
        record(Action.CHANGE, "invite staff again", by=by, subject=user)
        invite(user, by)


def change_staff(
    *,
    by: User,
    user_id: uuid.UUID,
    seen: str,
    staff: Staff,
    request_id: uuid.UUID | None = None,
    before: Callable[[User], None] | None = None,
) -> User:
    """Change name, roles and capabilities; refused where somebody else changed them since `seen`.

    `before`: asked in the same transaction before anything is written; it may refuse.
    """
    asked = {"user": user_id, **asdict(staff)}
    with changing_staff(by), once(request_id, user_id=by.pk, intent="change-staff", asked=asked) as state:
        user = _staff_user(user_id)
        if state.repeated:
            return user
        as_is = staff_as_is(user)
        if seen_staff(as_is) != seen:
            raise StaffRefused(
                "Somebody else changed this person meanwhile. Nothing was saved: look at it as it is now."
            )
        _check(staff)
        if (Role.MANAGER, None) in as_is.grants and (Role.MANAGER, None) not in staff.grants:
            _another_manager(user)
        was, becomes = asdict(as_is), asdict(staff)
        changed = sorted(name for name in becomes if was[name] != becomes[name])
        if changed:
            if before is not None:
                before(user)
            _write(user, staff)
            changes = {"fields": changed, "roles": _words(staff)}
            record(Action.CHANGE, "change staff", by=by, subject=user, changes=changes)
    return user


def close_account(user: User, *, by: User) -> None:
    """End somebody's access at once, inside `changing_staff`: no sign-in, no session, no link works any more."""
    if user.pk == by.pk:
        raise StaffRefused("You cannot end your own access. Ask another manager.")
    _another_manager(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_invitations(user)
    ended = end_sessions(user)
    record(Action.CHANGE, "end access", by=by, subject=user, changes={"fields": ["is_active"], "sessions": ended})


def open_account(*, by: User, user_id: uuid.UUID, request_id: uuid.UUID | None = None) -> None:
    """Let somebody in again who was sent away."""
    with changing_staff(by), once(request_id, user_id=by.pk, intent="open-account", asked={"user": user_id}) as state:
        user = _staff_user(user_id)
        if state.repeated or user.is_active:
            return
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(Action.CHANGE, "give access again", by=by, subject=user, changes={"fields": ["is_active"]})


def make_manager(*, email: str, name: str = "", password: str | None = None) -> tuple[User, bool]:
    """Make the first manager, or make sure that somebody is one; whether anything changed.

    Without a password they get a link by mail. A password is set only for a new account.
    """
    address = email.strip().lower()
    with changing_staff(None):
        user = User.objects.select_for_update().filter(email=address).first()
        if user is not None and not user.is_active:
            raise StaffRefused("This account was closed by a manager. Another manager can open it again.")
        made = user is None
        if user is None:
            user = User.objects.create_user(address, password, name=name or address.split("@")[0])
        _, granted = RoleGrant.objects.get_or_create(user=user, role=Role.MANAGER, site=None)
        if made and password:
            verified(user)
        elif made:
            invite(user, None)
        if made or granted:
            record(Action.CREATE, "make manager", by=None, subject=user, changes={"roles": [Role.MANAGER.value]})
    return user, made or granted


def _staff_user(user_id: uuid.UUID) -> User:
    user = User.objects.select_for_update().get(pk=user_id)
    if not RoleGrant.objects.filter(user=user, role__in=STAFF_ROLES).exists():
        raise PermissionDenied  # a patient's account is not a manager's to change
    return user


def _check(staff: Staff) -> None:
    if not any(role in STAFF_ROLES for role, _ in staff.grants):
        raise StaffRefused("Choose at least one role. To send somebody away, end their access.")


def _another_manager(user: User) -> None:
    others = RoleGrant.objects.filter(role=Role.MANAGER, user__is_active=True).exclude(user=user)
    if not others.exists():
        raise StaffRefused("This is the only manager. Make somebody else a manager first.")


def _write(user: User, staff: Staff) -> None:
    """Set name, grants and the clinician's row; a patient's own role stays as it is."""
    user.name = staff.name
    user.save(update_fields=["name"])
    wanted = set(staff.grants)
    for grant in RoleGrant.objects.filter(user=user).exclude(role=Role.PATIENT):
        if (grant.role, grant.site_id) not in wanted:
            grant.delete()
    for role, site_id in wanted:
        RoleGrant.objects.get_or_create(user=user, role=role, site_id=site_id)
    if staff.is_clinician or Clinician.objects.filter(user=user).exists():
        able = {
            "credentials": staff.credentials,
            "is_prescriber": staff.is_prescriber,
            "attends_infusions": staff.attends_infusions,
            "lanes": staff.lanes,
        }
        Clinician.objects.update_or_create(user=user, defaults=able)


def _sorted(grants: Iterable[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(((str(role), site) for role, site in grants), key=lambda one: (one[0], one[1] or "")))


def _words(staff: Staff) -> list[str]:
    return sorted(f"{role}@{site}" if site else str(role) for role, site in staff.grants)


def _asked(email: str, staff: Staff) -> dict[str, object]:
    return {"email": email, **asdict(staff)}
