"""Safety alerts: raised in the transaction that stores the answer, never closed by software; what became of each."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet

from intake.models.answers import Answer
from intake.models.patient import Patient
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row

#: Nobody has taken it, or it became more urgent or was handed over since.
UNTAKEN = (
    Q(acknowledged_at__isnull=True)
    | Q(acknowledged_at__lt=F("tier_raised_at"))
    | Q(acknowledged_at__lt=F("released_at"))
)


class AlertQuerySet(QuerySet["SafetyAlert"]):
    """Alerts by what they wait for."""

    def open(self) -> "AlertQuerySet":
        """Not documented and closed yet."""
        return self.filter(closed_at__isnull=True)

    def waiting(self) -> "AlertQuerySet":
        """Open, and nobody has taken them as urgent as they are now: the clock runs and pages go out."""
        return self.open().filter(UNTAKEN)


class SafetyAlert(Row):
    """An answer that needs a person, with an owner and a clock (CLINICAL 4).

    Its tier only rises. `tier_raised_at` restarts the clock: who had it before keeps it and says again that they do.
    `released_at` restarts it as well: who had it gave it back, or named who has it next. Each restart is a `round` of
    pages. The database refuses to remove one, to lower it, to open it again (migration 0012).
    """

    class Tier(models.TextChoices):
        URGENT_2 = "URGENT-2", "Urgent: now"
        URGENT_1 = "URGENT-1", "Urgent: today"

    class Trigger(models.TextChoices):
        PHQ9_ITEM_9 = "phq9-item9", "PHQ-9 item 9"
        ASQ = "asq", "ASQ"
        WORDS = "words", "Words in a free text"
        STAFF = "staff", "Raised by staff"

    class Level(models.TextChoices):
        NONE = "none", "No current risk found"
        LOW = "low", "Low"
        MODERATE = "moderate", "Moderate"
        HIGH = "high", "High"

    class Plan(models.TextChoices):
        MADE = "made", "Made or reviewed with the patient; it is in the portal"
        PAPER = "paper", "Made or reviewed with the patient, on paper"
        DECLINED = "declined", "The patient did not want one"
        NOT_NEEDED = "not_needed", "Not needed for what was found"
        IN_PLAN = "in_plan", "Written in the plan"  # alerts closed before this was asked by itself

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    tier = models.CharField(max_length=10, choices=Tier.choices)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, null=True, blank=True)
    value = models.CharField("what was answered", max_length=20, blank=True)
    words = models.TextField("what was written, where it is kept nowhere else", blank=True)
    amended = models.BooleanField("the answer was changed later", default=False)
    raised_at = models.DateTimeField(default=now, editable=False)
    tier_raised_at = models.DateTimeField("when its tier rose, where it did", null=True, blank=True)
    released_at = models.DateTimeField("when it was last given back or handed over", null=True, blank=True)
    acknowledge_by = models.DateTimeField()
    step = models.PositiveIntegerField("newest step of its pages, from 1", default=1)
    round = models.PositiveSmallIntegerField("how often its clock began anew", default=0)
    seen_tier = models.CharField("tier whose crisis page the patient went on from", max_length=10, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    tool = models.CharField("assessment used", max_length=80, blank=True)
    level = models.CharField(max_length=10, choices=Level.choices, blank=True)
    plan = models.TextField("what lowers the risk", blank=True)
    safety_plan = models.CharField(max_length=12, choices=Plan.choices, blank=True)
    follow_up_on = models.DateField(null=True, blank=True)
    disposition = models.CharField(max_length=300, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-tier", "raised_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, owner__isnull=True)
                | Q(acknowledged_at__isnull=False, owner__isnull=False),
                name="acknowledged_alert_has_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | (
                    Q(closed_by__isnull=False, acknowledged_at__isnull=False, follow_up_on__isnull=False)
                    & ~Q(tool="")
                    & ~Q(level="")
                    & ~Q(plan="")
                    & ~Q(safety_plan="")
                    & ~Q(disposition="")
                ),
                name="closed_alert_is_documented",
                violation_error_message="Record tool, level, plan, safety plan, follow-up date and disposition first.",
            ),
            models.CheckConstraint(
                condition=Q(seen_tier="", seen_at__isnull=True) | (~Q(seen_tier="") & Q(seen_at__isnull=False)),
                name="alert_seen_by_the_patient_says_when",
            ),
            models.CheckConstraint(condition=Q(step__gte=1), name="alert_pages_count_from_1"),
        ]
        indexes = [
            models.Index(fields=["patient", "tier"], name="alerts_open_by_patient", condition=Q(closed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.tier} alert"

    @property
    def counts_from(self) -> datetime:
        """From when its clock runs: since it was raised, since its tier rose, or since it was given back."""
        return max(at for at in (self.raised_at, self.tier_raised_at, self.released_at) if at is not None)

    @property
    def waits(self) -> bool:
        """Whether nobody has taken it as urgent as it is now."""
        if self.closed_at is not None:
            return False
        return self.acknowledged_at is None or self.acknowledged_at < self.counts_from

    @property
    def handed(self) -> bool:
        """Whether somebody was named to have it next, and has not taken it yet."""
        return self.waits and self.owner_id is not None and self.released_at == self.counts_from


class SafetyEvent(models.Model):
    """One thing that happened to an alert. Added, never changed: what the row itself says now is only its present."""

    class Kind(models.TextChoices):
        RAISED = "raised", "Raised"
        TIER = "tier", "Became more urgent"
        AMENDED = "amended", "The answer was changed; the alert stays"
        LEFT_OPEN = "left-open", "The questions were left before the end"
        PAGED = "paged", "Paged again: nobody had taken it"
        TAKEN = "taken", "Taken"
        TAKEN_OVER = "taken-over", "Taken over"
        RELEASED = "released", "Given back"
        HANDED = "handed-over", "Handed over"
        CLOSED = "closed", "Documented and closed"
        NOT_REACHED = "not-reached", "Follow-up: not reached"
        FOLLOWED_UP = "followed-up", "Follow-up done"
        CONTACTS_END = "contacts-end", "No more friendly messages"

    alert = models.ForeignKey(SafetyAlert, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField(default=now, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.CharField(max_length=10, choices=SafetyAlert.Tier.choices)
    trigger = models.CharField(max_length=20, choices=SafetyAlert.Trigger.choices, blank=True)
    value = models.CharField("what was answered, or the step of the page", max_length=20, blank=True)
    words = models.CharField("why, and to whom", max_length=400, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.kind
