"""What may carry detail: it stays in the portal, and a mail says only that something waits."""

from django.conf import settings
from django.db import models

from pacificmind.clock import now
from pacificmind.rows import Row


class Letter(Row):
    """Words of the clinic to one patient. Whether they were read, the record of who looked says."""

    patient_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    about_type = models.CharField(max_length=40)
    about_id = models.UUIDField()
    about_version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=120)
    body = models.TextField()
    path = models.CharField("where it leads within the portal", max_length=200, blank=True)
    link_label = models.CharField(max_length=60, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, blank=True)
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient_id", "kind", "about_id", "about_version"], name="letter_is_written_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(title="") & ~models.Q(body=""),
                name="letter_says_something",
                violation_error_message="A message needs a title and words.",
            ),
            models.CheckConstraint(
                condition=models.Q(path="") | (models.Q(path__startswith="/") & ~models.Q(path__startswith="//")),
                name="letter_leads_nowhere_else",
                violation_error_message="A message may lead to pages of this portal only.",
            ),
        ]
        indexes = [models.Index(fields=["patient_id", "-made_at"], name="letters_of_a_patient")]

    def __str__(self) -> str:
        return f"letter {self.kind}"
