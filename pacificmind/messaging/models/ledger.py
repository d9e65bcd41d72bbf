"""The ledger: a message is a row before it is sent (DESIGN 6)."""

from typing import Any

from django.db import models
from django.db.models import Q

from pacificmind.clock import now
from pacificmind.rows import Row


class Channel(models.TextChoices):
    EMAIL = "email", "e-mail"
    SMS = "sms", "text message"
    INBOX = "inbox", "portal inbox"


class Status(models.TextChoices):
    OWED = "owed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    VOID = "void"


class Recipient(models.TextChoices):
    PATIENT = "patient"
    USER = "user"
    REQUEST = "consultation_request"
    TEXTER = "texter"  # whoever sent a text from a number of nobody we know: the text's own key


class Delivery(models.TextChoices):
    """What the carrier said after the provider took a text."""

    DELIVERED = "delivered", "delivered"
    UNDELIVERED = "undelivered", "not delivered"


class Message(Row):
    """A message owed to one recipient about one version of one subject, and what became of it.

    Holds ids, never addresses or words: both are read when it is sent, so that nothing stale leaves.
    """

    purpose = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_version = models.PositiveIntegerField(default=1)
    recipient_type = models.CharField(max_length=30, choices=Recipient.choices)
    recipient_id = models.UUIDField()
    channel = models.CharField(max_length=10, choices=Channel.choices)
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    due_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OWED)
    tries = models.PositiveSmallIntegerField(default=0)
    provider_reference = models.CharField(max_length=200, blank=True)
    why = models.CharField("why this person got it or did not", max_length=300, blank=True)
    delivery = models.CharField(max_length=12, choices=Delivery.choices, blank=True)
    language = models.CharField("language it was written in", max_length=2, blank=True, default="", db_default="")
    wording = models.PositiveIntegerField("version of its words; 0: the software's", default=0, db_default=0)
    segments = models.PositiveSmallIntegerField("parts of a text message", default=0)
    made_at = models.DateTimeField(default=now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    loaded: Any = None  # what it is about, where a batch was read at once

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "purpose", "subject_version", "channel", "recipient_id"],
                name="message_is_owed_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=(Status.SENT, Status.VOID, Status.FAILED), done_at__isnull=False)
                | Q(status__in=(Status.OWED, Status.SENDING), done_at__isnull=True),
                name="message_is_done_when_sent_void_or_failed",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(Status.VOID, Status.FAILED), why=""), name="message_not_sent_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.SENDING) | Q(claimed_at__isnull=False),
                name="message_being_sent_was_claimed",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="messages_owed_by_due", condition=Q(status=Status.OWED)),
            models.Index(
                fields=["due_at"], name="messages_pages_owed", condition=Q(status=Status.OWED, purpose="safety-page")
            ),
            models.Index(fields=["claimed_at"], name="messages_in_flight", condition=Q(status=Status.SENDING)),
            models.Index(fields=["recipient_id", "due_at"], name="messages_of_a_person"),
            models.Index(fields=["done_at"], name="messages_done", condition=Q(done_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.status}"
