"""Who signs in, and as what."""

import uuid
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.phones import PhoneNumberField
from pacificmind.prepared import Prepared, Told
from pacificmind.rows import Row


class Role(models.TextChoices):
    PATIENT = "patient", "Patient"
    FRONT_DESK = "front_desk", "Front desk"
    CLINICIAN = "clinician", "Clinician"
    MANAGER = "manager", "Manager"


PRESCRIBER = "prescriber"  # a capability of a clinician, told with the roles
STAFF_ROLES = frozenset({Role.FRONT_DESK.value, Role.CLINICIAN.value, Role.MANAGER.value})
SITE_ROLES = (Role.FRONT_DESK, Role.CLINICIAN)


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Make a user; without a password nobody can sign in as them until one is set by mail."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """Make a user of Django's admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Look a user up by e-mail."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail. What they may do follows from their role grants."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField("name shown to others", max_length=120, blank=True)
    page_phone = PhoneNumberField("number for pages about safety", blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the technical admin", default=False)
    joined_at = models.DateTimeField(default=now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="user_email_is_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def grants(self) -> tuple["RoleGrant", ...]:
        """The roles held, each with its site where it has one; read once a request."""
        if "rolegrant_set" in getattr(self, "_prefetched_objects_cache", {}):
            return tuple(self.rolegrant_set.all())
        told: list[dict[str, Any]] | None = vars(self).get("told_grants")
        if told is not None:  # read with the user of a session
            return tuple(RoleGrant(user_id=self.pk, **one) for one in told)
        return tuple(_GRANTS(user=self.pk))

    @cached_property
    def roles(self) -> frozenset[str]:
        """Role names, with `prescriber` for a clinician who is one."""
        names = {grant.role for grant in self.grants}
        if Role.CLINICIAN in names:
            told: bool | None = vars(self).get("told_prescribes")
            if _PRESCRIBER(user=self.pk) if told is None else told:
                names.add(PRESCRIBER)
        return frozenset(names)

    @property
    def is_of_the_clinic(self) -> bool:
        """Whether this is staff: second factor, short session, no self sign-up."""
        return bool(self.roles & STAFF_ROLES) or self.is_staff

    def sites(self, *roles: str) -> frozenset[str]:
        """Slugs of the sites at which the user holds one of these roles (all site roles when none is named)."""
        wanted = roles or tuple(role.value for role in SITE_ROLES)
        return frozenset(g.site_id for g in self.grants if g.site_id is not None and g.role in wanted)


class RoleGrant(models.Model):
    """One role of one user; front desk and clinicians hold theirs at a site."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=SITE_ROLES, site__isnull=False)
                | models.Q(role__in=(Role.PATIENT, Role.MANAGER), site__isnull=True),
                name="front_desk_and_clinicians_hold_their_role_at_a_site",
                violation_error_message="Front desk and clinicians need a site; patients and managers have none.",
            ),
            models.UniqueConstraint(fields=["user", "role", "site"], name="role_is_granted_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.role} at {self.site_id}" if self.site_id else self.role


class Clinician(Row):
    """A member of staff who treats, with what they may do and how many infusions they attend at once."""

    user = models.OneToOneField(User, on_delete=models.PROTECT)
    credentials = models.CharField(max_length=40, blank=True, help_text="For example MD, NP, RN.")
    is_prescriber = models.BooleanField("holds consultations, clears, orders, releases, signs", default=False)
    attends_infusions = models.BooleanField(default=False)
    lanes = models.PositiveSmallIntegerField("infusions attended at once", default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lanes__range=(1, 12)),
                name="clinician_has_1_to_12_lanes",
                violation_error_message="Between 1 and 12 infusions can be attended at once.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user.name}, {self.credentials}" if self.credentials else self.user.name


class Invitation(Row):
    """Invites staff to set up their account, or a patient to claim their record. The token is stored hashed."""

    email = models.EmailField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True)
    patient_id = models.UUIDField(null=True, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True, patient_id__isnull=False)
                | models.Q(user__isnull=False, patient_id__isnull=True),
                name="invitation_is_for_staff_or_for_a_patient",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="invitation_expires_after_it_was_made"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


_GRANTS = Prepared(lambda: RoleGrant.objects.filter(user=Told("user")))
_PRESCRIBER = Prepared(lambda: Clinician.objects.filter(user=Told("user"), is_prescriber=True))
