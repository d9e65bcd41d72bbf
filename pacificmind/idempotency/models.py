"""Intentions, each sent once however often it arrives (RELIABILITY M10)."""

from django.db import models
from django.db.models.functions import Now


class Request(models.Model):
    """An intention that was carried out: a repeat of it gets this result, a repeat with other content is refused."""

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField(null=True)
    intent = models.CharField(max_length=60)
    asked = models.CharField("SHA-256 of what was asked", max_length=64)
    result = models.JSONField("ids of what came of it", default=dict)
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(intent=""), name="request_says_its_intent")]

    def __str__(self) -> str:
        return f"{self.intent} {self.pk}"
