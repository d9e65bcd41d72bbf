"""Who saw and who changed what. Rows are only ever added: the serving role holds INSERT and SELECT on this table alone.

No foreign keys: the record outlives what it speaks of, and nothing cascades into it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Action(models.TextChoices):
    VIEW = "view"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    SIGN = "sign"
    EXPORT = "export"
    SIGN_IN = "sign-in"
    SIGN_IN_REFUSED = "sign-in refused"
    REFUSED = "refused"


class Entry(models.Model):
    """One look or change."""

    at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField(  # the writing transaction, told by the database: what is sealed has committed
        db_default=models.Func(template="pg_current_xact_id()::text::bigint", output_field=models.BigIntegerField())
    )
    actor_id = models.UUIDField(null=True)
    actor_roles = ArrayField(models.CharField(max_length=20), default=list)
    action = models.CharField(max_length=20, choices=Action.choices)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=60, blank=True)
    patient_id = models.UUIDField(null=True, db_index=True)
    what = models.CharField("page or intention", max_length=80)
    changes = models.JSONField("names of changed fields and ids, no answers", default=dict)
    reason = models.CharField(max_length=500, blank=True)
    reference = models.CharField("reference of the request", max_length=20, blank=True)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["xid", "id"], name="audit_by_transaction"),
            models.Index(fields=["actor_id", "at"], name="audit_by_actor"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(what=""), name="audit_says_what_was_done"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}"


class Seal(models.Model):
    """A link of the chain: all committed rows with from_xid <= xid < until_xid, hashed with the link before.

    Sealing apart from writing keeps writers from queueing behind one another (RELIABILITY M13, M14).
    """

    made_at = models.DateTimeField(db_default=Now())
    from_xid = models.BigIntegerField()
    until_xid = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    previous = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_xid__gt=models.F("from_xid")), name="seal_covers_at_least_one_transaction"
            ),
            models.UniqueConstraint(fields=["from_xid"], name="seals_start_where_no_other_starts"),
        ]

    def __str__(self) -> str:
        return f"seal {self.pk}"
