"""A wish to be seen, and what the front desk did about it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from intake.domain import suits
from intake.models.patient import LANGUAGES, Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.phones import PhoneNumberField
from pacificmind.rows import Row


class ConsultationRequest(Row):
    """Sent by anyone from the public page. Its text is read by the clinicians and the front desk of its site alone."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        TRYING = "trying", "Trying to reach"
        BOOKED = "booked", "Consultation booked"
        CLOSED = "closed", "Closed"

    class Reach(models.TextChoices):
        PHONE = "phone", "Call me"
        SMS = "sms", "Text me"
        EMAIL = "email", "E-mail me"

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    birth_on = models.DateField(null=True, blank=True)
    email = models.EmailField(blank=True)
    phone = PhoneNumberField(blank=True)
    reason = models.TextField(max_length=4000, blank=True)
    telehealth = models.BooleanField(default=False)
    times = models.JSONField("times of the week that suit", default=list, blank=True)
    times_note = models.CharField(max_length=400, blank=True)
    reach = models.CharField(max_length=10, choices=Reach.choices, default=Reach.PHONE)
    language = models.CharField("language they would rather read", max_length=2, choices=LANGUAGES, default="en")
    may_leave_message = models.BooleanField(default=False)
    needs_person = models.BooleanField("words of crisis in the text", default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.NEW)
    outcome = models.CharField(max_length=60, blank=True)
    made_at = models.DateTimeField(default=now, editable=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(email="") | ~Q(phone=""),
                name="request_leaves_an_email_or_a_phone",
                violation_error_message="Leave a phone number or an e-mail address, so that we can reach you.",
            ),
            models.CheckConstraint(
                condition=~Q(status="closed") | ~Q(outcome=""), name="closed_request_says_its_outcome"
            ),
        ]
        indexes = [models.Index(fields=["site", "status", "made_at"], name="requests_in_the_inbox")]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def times_words(self) -> str:
        """The times that suit, as people say them."""
        return " ".join(filter(None, [", ".join(suits.words(self.times)), self.times_note])) or "Any"


class CallAttempt(models.Model):
    """One try to reach somebody about a request."""

    class Outcome(models.TextChoices):
        SPOKE = "spoke", "Spoke with them"
        NO_ANSWER = "no_answer", "No answer"
        LEFT_MESSAGE = "left_message", "Left a message"
        WRONG_NUMBER = "wrong_number", "Wrong number"

    request = models.ForeignKey(ConsultationRequest, on_delete=models.PROTECT, related_name="attempts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField(default=now)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return self.outcome
