"""What watches over the ledger: signs of life, and counts of rows that were removed for their age."""

from django.db import models

from pacificmind.messaging.models.ledger import Channel, Status


class Pulse(models.Model):
    """When something was last seen alive: `clock` is written by beat, the others by a worker that did the work."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """How many finished messages of a month were removed; nothing of whom they were for."""

    month = models.DateField()
    purpose = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    status = models.CharField(max_length=10, choices=Status.choices)
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(fields=["month", "purpose", "channel", "status"], name="one_tally_of_a_kind"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="tally_is_of_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.status}: {self.count}"
