"""Texts that people send to the clinic's number."""

from django.db import models

from pacificmind.clock import now
from pacificmind.rows import Row


class InboundText(Row):
    """One text that came in, and how it was understood. Its words are kept only where a person has to read them."""

    class Kind(models.TextChoices):
        STOP = "stop", "asked for no more texts"
        START = "start", "asked for texts again"
        HELP = "help", "asked for help"
        CONFIRM = "confirm", "confirmed a visit"
        WORDS = "words", "wrote something else"

    provider_reference = models.CharField(max_length=64, unique=True)
    phone = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    words = models.CharField(max_length=1600, blank=True)
    patient_id = models.UUIDField(null=True, blank=True)
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, blank=True)
    language = models.CharField(max_length=2, blank=True)  # of the answer, where nobody we know wrote
    alarming = models.BooleanField("for clinicians alone", default=False)
    outcome = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(provider_reference=""), name="text_that_came_in_has_a_reference")
        ]
        indexes = [models.Index(fields=["phone", "-at"], name="texts_from_a_number")]

    def __str__(self) -> str:
        return f"text {self.kind}"
