"""The patient: who they are and how to reach them."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from intake.models.names import SEARCHED_NAME, Backwards
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.phones import PhoneNumberField
from pacificmind.rows import Row

LANGUAGES = [("en", "English"), ("es", "Español")]


class Patient(Row):
    """A person the clinic treats or may treat; with an account, or entered at the desk without one."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        CLOSED = "closed", "Closed"

    class Closed(models.TextChoices):
        FINISHED = "finished", "Finished"
        DECLINED = "declined", "Declined"
        MOVED = "moved", "Moved away"
        DIED = "died", "Died"
        OTHER = "other", "Other"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    preferred_name = models.CharField("name you go by", max_length=80, blank=True)
    birth_on = models.DateField("date of birth", null=True, blank=True)
    email = models.EmailField(blank=True)
    phone = PhoneNumberField(blank=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    language = models.CharField(max_length=2, choices=LANGUAGES, default="en")
    emergency_name = models.CharField("emergency contact", max_length=120, blank=True)
    emergency_phone = PhoneNumberField(blank=True)
    escort_name = models.CharField("who takes you home", max_length=120, blank=True)
    escort_phone = PhoneNumberField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    closed_why = models.CharField(max_length=20, choices=Closed.choices, blank=True)
    made_at = models.DateTimeField(default=now, editable=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="active", closed_why="") | (Q(status="closed") & ~Q(closed_why="")),
                name="closed_patient_says_why",
                violation_error_message="Say why this record is closed.",
            ),
            models.CheckConstraint(
                condition=Q(birth_on__isnull=True) | Q(birth_on__gte="1900-01-01"),
                name="birth_date_is_after_1900",
                violation_error_message="Enter a date of birth after 1900.",
            ),
        ]
        indexes = [
            models.Index(Lower("family_name"), Lower("given_name"), name="patients_by_name"),
            GinIndex(OpClass(SEARCHED_NAME, "gin_trgm_ops"), name="patients_by_part_of_name"),
            models.Index(OpClass(Backwards("phone"), "text_pattern_ops"), name="patients_by_last_digits"),
            models.Index(fields=["birth_on"], name="patients_by_birth"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def called(self) -> str:
        """The name to address them by."""
        return self.preferred_name or self.given_name

    @property
    def mail_address(self) -> str:
        """Where mails to them go: the account's address, or what the clinic wrote down."""
        return self.user.email if self.user else self.email

    @property
    def full_name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"


class ContactConsent(models.Model):
    """Consent to be written to on one channel, or its withdrawal: a channel's last row holds (CLINICAL 8, TCPA)."""

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        SMS = "sms", "text message"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    given = models.BooleanField()
    wording = models.CharField(max_length=500)
    source = models.CharField(max_length=40)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["patient", "channel", "-at"], name="contact_consent_latest")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.given}"
