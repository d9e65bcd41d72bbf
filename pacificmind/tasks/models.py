"""What a person must do."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from pacificmind.clock import now
from pacificmind.rows import Row


class Queue(models.TextChoices):
    FRONT_DESK = "front_desk", "Front desk"
    CLINICIANS = "clinicians", "Clinicians"
    PRESCRIBERS = "prescribers", "Prescribers"
    MANAGERS = "managers", "Managers"


class Kind(models.TextChoices):
    """What is to be done, in words that carry nothing clinical: these are the only words a task has."""

    REQUEST_CALL_BACK = "request-call-back", "Call back: consultation request"
    REQUEST_IN_CRISIS = "request-in-crisis", "Read now: a request needs a person"
    TEXT_IN_CRISIS = "text-in-crisis", "Read now: a text needs a person"
    SAFETY_ALERT = "safety-alert", "Safety alert: open and take it"
    SAFETY_FOLLOW_UP = "safety-follow-up", "Follow up on a safety alert"
    FRIENDLY_CALL = "friendly-call", "Call a patient, only to say hello"
    SAFETY_REVIEW = "safety-review", "Talk with the patient today"
    ALERT_UNTAKEN = "alert-untaken", "Call a clinician: a safety alert waits"
    SAFETY_VISIT = "safety-visit", "Decide about a booked visit"
    INTAKE_REVIEW = "intake-review", "Review an intake"
    SCREENING_CHANGED = "screening-changed", "Read again: something new about a cleared patient"
    RULES_TO_SIGN = "rules-to-sign", "Sign a change of the clinic's rules, or have it taken back"
    SERIES_REVIEW = "series-review", "Review a series before its next stage"
    PAUSE_REVIEW = "pause-review", "Review a series after a pause"
    DEVIATION = "deviation", "A series week had fewer than two visits"
    CLEARANCE_LAPSED = "clearance-lapsed", "No decision in force: look at it, and at the visits"
    PATIENT_ANSWERED = "patient-answered", "A patient wrote back: read it"
    PATIENT_ASKED = "patient-asked", "Something waits in the portal for the patient: call them"
    RESULT_AGAIN = "result-again", "A check is due again"
    RECORD_OPENED = "record-opened", "A record of another site was opened: look at the reason"
    CONDITION_OPEN = "condition-open", "A condition is still open before a visit"
    MESSAGE_FAILED = "message-failed", "A message did not leave: reach the person"
    MESSAGE_STUCK = "message-stuck", "It is not known whether a message left"
    TEXT_ANSWERED = "text-answered", "Somebody answered a text: read it and call"
    PATIENT_CALL = "patient-call", "The patient asked to be called"
    BOOSTER_ASK = "booster-ask", "The patient asked about a further visit"
    VISIT_TO_MOVE = "visit-to-move", "Move a visit: its time is no longer free"
    VISIT_UNLAWFUL = "visit-unlawful", "A visit no longer keeps the plan: find another time"
    WAITLIST_CALL = "waitlist-call", "Call about an earlier time"
    HELD_VISIT_NEAR = "held-visit-near", "A held visit is near: its review is late"
    BEFORE_VISIT_LOOK = "before-visit-look", "Look at answers given before a visit"
    ESCORT_OPEN = "escort-open", "Nobody is named to take a patient home"
    CHECK_IN_LOOK = "check-in-look", "Look at the answers of a check-in"
    TALK_FIRST = "talk-first", "Talk with a patient: the last check-in"
    DECISION_ENDS = "decision-ends", "A decision ends soon"
    VISITS_OFTEN = "visits-often", "Further visits come often: look at the plan"
    ON_CALL_GAP = "on-call-gap", "A time without anybody on call"


class Task(Row):
    """One thing to do, once: at most one open task of a kind about a subject."""

    kind = models.CharField(max_length=30, choices=Kind.choices)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    patient_id = models.UUIDField(null=True, blank=True, db_index=True)
    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, null=True, blank=True)
    queue = models.CharField(max_length=20, choices=Queue.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(done_at__isnull=True), name="task_is_open_once"
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=False) | Q(done_by__isnull=True), name="task_done_by_someone_is_done"
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "site", "due_at"], name="tasks_open_by_queue", condition=Q(done_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.kind


class SummaryWish(Row):
    """A member of staff who wants the morning summary: how much waits in their queues, in numbers alone."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "summary wishes"

    def __str__(self) -> str:
        return f"summary wish {self.pk}"
