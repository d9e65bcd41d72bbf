"""Which sorts of mail a patient wants no longer; mails about visits themselves are no such sort."""

from django.db import models

from pacificmind.clock import now
from pacificmind.messaging.kinds import TOPICS


class TopicChoice(models.Model):
    """One word of a patient on one sort of mail; their last one holds. Rows are added, never changed."""

    patient_id = models.UUIDField()
    topic = models.CharField(max_length=20, choices=list(TOPICS.items()))
    wanted = models.BooleanField()
    source = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(topic__in=list(TOPICS)),
                name="topic_is_one_that_can_end",
                violation_error_message="This sort of message cannot be ended.",
            )
        ]
        indexes = [models.Index(fields=["patient_id", "topic", "-at"], name="topics_of_a_patient")]

    def __str__(self) -> str:
        return f"{self.topic} {'wanted' if self.wanted else 'ended'}"
