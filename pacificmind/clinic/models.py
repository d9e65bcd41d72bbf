"""The clinic itself: its sites and its own settings. Everything else points here; this points at nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Self, cast
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from pacificmind.phones import PhoneNumberField
from pacificmind.prepared import Prepared


def known_zone(name: str) -> None:
    """Refuse a time zone that the IANA database does not know."""
    if name not in available_timezones():
        raise ValidationError("This time zone is not known: choose one such as America/Los_Angeles.")


MOST_REMINDER_DAYS = 14  # a reminder is owed at most so many days before a visit
MOST_CHECK_IN_DAYS = 400


def mail_days() -> list[int]:
    """Days before a visit on which a mail reminds of it."""
    return [3, 1]


def text_days() -> list[int]:
    """Days before a visit on which a text message reminds of it."""
    return [1]


def check_in_days() -> list[int]:
    """Days after the last infusion on which we ask: 1, 3, 7, 14, weekly to week 4, then 6 months (CLINICAL 1.9)."""
    return [1, 3, 7, 14, 21, 28, 58, 88, 118, 148, 178, 208]


def friendly_days() -> list[int]:
    """Days after a closed safety alert on which we say hello (CLINICAL 4.2; no publication fixes the days)."""
    return [7, 30, 60, 90]


class FriendlyBy(models.TextChoices):
    """How we say hello."""

    MESSAGE = "message", "A message; a call where none reaches them"
    CALL = "call", "A call by a clinician"


class Site(models.Model):
    """A clinic address with its own time zone. `slug` is what addresses of pages carry."""

    slug = models.SlugField(primary_key=True, max_length=20)
    name = models.CharField(max_length=80, unique=True)
    address = models.CharField(max_length=200)
    phone = PhoneNumberField()
    zone = models.CharField(max_length=64, default="America/Los_Angeles", validators=[known_zone])
    state = models.CharField("US state", max_length=2, default="CA")
    open_to_requests = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)


class ClinicSettings(models.Model):
    """The clinic's own choices, one row. Protocol numbers without a published source are these: a clinic's setting."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80, default="Pacific Mind Health")
    phone = PhoneNumberField(default="+12135550142")
    hours = models.CharField(max_length=120, default="Monday to Friday, 8 am to 6 pm")
    notice_hours = models.PositiveSmallIntegerField(
        "hours of notice to move or cancel", default=24, help_text="After this, patients are asked to call."
    )
    horizon_days = models.PositiveSmallIntegerField("days ahead that patients can book", default=60)
    grid_minutes = models.PositiveSmallIntegerField("minutes between offered starts", default=15)
    stage_size = models.PositiveSmallIntegerField("infusions before the first review", default=3)
    pause_days = models.PositiveSmallIntegerField("days of pause that ask for a review", default=14)
    booster_gap_days = models.PositiveSmallIntegerField("days between a booster and any infusion", default=7)
    reevaluation_days = models.PositiveSmallIntegerField("days that a look before a booster holds", default=180)
    rest_days = models.PositiveSmallIntegerField("days between two series", default=14)
    request_response_hours = models.PositiveSmallIntegerField("hours within which a request is answered", default=24)
    offer_minutes = models.PositiveSmallIntegerField("minutes a waitlist offer is held", default=120)
    repair_grace_minutes = models.PositiveSmallIntegerField("minutes in which a repair can be undone", default=3)
    mail_reminder_days = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="days before a visit: reminder by mail", default=mail_days,
        blank=True,
    )  # fmt: skip
    text_reminder_days = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="days before a visit: reminder by text", default=text_days,
        blank=True,
    )  # fmt: skip
    check_in_days = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="days after the last treatment: check-in",
        default=check_in_days, blank=True,
    )  # fmt: skip
    unfinished_after_days = models.PositiveSmallIntegerField("days until unfinished answers are asked for", default=3)
    ends_soon_days = models.PositiveSmallIntegerField("days before a decision ends that somebody looks", default=14)
    message_keep_days = models.PositiveSmallIntegerField(
        "days for which sent messages are kept",
        default=730,
        help_text="After this, the list of messages keeps counts alone. The record of who looked is not touched.",
    )
    alert_ack_minutes = models.PositiveSmallIntegerField("minutes to acknowledge an urgent alert", default=5)
    hold_systolic = models.PositiveSmallIntegerField("systolic above which a visit waits, mmHg", default=140)
    hold_diastolic = models.PositiveSmallIntegerField("diastolic above which a visit waits, mmHg", default=90)
    stop_systolic = models.PositiveSmallIntegerField("systolic above which it does not start, mmHg", default=160)
    stop_diastolic = models.PositiveSmallIntegerField("diastolic above which it does not start, mmHg", default=100)
    urgent_systolic = models.PositiveSmallIntegerField("systolic of the urgent band, mmHg", default=180)
    urgent_diastolic = models.PositiveSmallIntegerField("diastolic of the urgent band, mmHg", default=100)
    urgent_heart_rate = models.PositiveSmallIntegerField("heart rate of the urgent band", default=110)
    urgent_spo2 = models.PositiveSmallIntegerField("oxygen saturation of the urgent band, below, %", default=92)
    rest_minutes = models.PositiveSmallIntegerField("minutes of rest before a reading is repeated", default=5)
    hold_repeats = models.PositiveSmallIntegerField("repeats before a clinician decides", default=2)
    vitals_minutes = models.PositiveSmallIntegerField("minutes that readings before an infusion count", default=60)
    opening_minutes = models.PositiveSmallIntegerField("minutes a record of another site stays open", default=60)
    alert_second_minutes = models.PositiveSmallIntegerField("minutes to its second escalation", default=10)
    alert_third_minutes = models.PositiveSmallIntegerField("minutes to its third escalation", default=15)
    alert_repeat_minutes = models.PositiveSmallIntegerField("minutes between its pages after that", default=10)
    asq_wait_minutes = models.PositiveSmallIntegerField("minutes until a screen left open counts as urgent", default=10)
    on_call_days = models.PositiveSmallIntegerField("days ahead in which a gap in the rota is a task", default=7)
    friendly_days = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name="days after a closed safety alert: friendly contact",
        default=friendly_days, blank=True,
    )  # fmt: skip
    friendly_by = models.CharField(
        "how the friendly contact is made", max_length=8, choices=FriendlyBy.choices, default=FriendlyBy.MESSAGE
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stop_systolic__gte=models.F("hold_systolic"))
                & models.Q(stop_diastolic__gte=models.F("hold_diastolic")),
                name="limit_not_to_start_is_not_below_the_limit_to_wait",
                violation_error_message="The limit not to start cannot lie below the limit to wait.",
            ),
            models.CheckConstraint(
                condition=models.Q(rest_minutes__range=(5, 10)),
                name="readings_are_repeated_after_5_to_10_minutes",
                violation_error_message="A reading is repeated after 5 to 10 minutes of rest.",
            ),
            models.CheckConstraint(condition=models.Q(id=1), name="clinic_settings_are_one_row"),
            models.CheckConstraint(
                condition=models.Q(stage_size__range=(1, 8)),
                name="stage_size_is_1_to_8",
                violation_error_message="The first review comes after 1 to 8 infusions.",
            ),
            models.CheckConstraint(
                condition=models.Q(grid_minutes__in=(5, 10, 15, 20, 30, 60)),
                name="grid_divides_the_hour",
                violation_error_message="Choose 5, 10, 15, 20, 30 or 60 minutes.",
            ),
            models.CheckConstraint(
                condition=models.Q(booster_gap_days__gte=7),
                name="boosters_keep_at_least_7_days",
                violation_error_message="At least 7 days lie between a booster and any infusion.",
            ),
            models.CheckConstraint(
                condition=models.Q(reevaluation_days__range=(1, 366)),
                name="a_look_holds_a_year_at_most",
                violation_error_message="A look before a booster holds for 1 to 366 days.",
            ),
            models.CheckConstraint(
                condition=models.Q(mail_reminder_days__contained_by=list(range(1, MOST_REMINDER_DAYS + 1)))
                & models.Q(text_reminder_days__contained_by=list(range(1, MOST_REMINDER_DAYS + 1))),
                name="reminders_are_1_to_14_days_before",
                violation_error_message="A reminder leaves 1 to 14 days before a visit.",
            ),
            models.CheckConstraint(
                condition=models.Q(check_in_days__contained_by=list(range(1, MOST_CHECK_IN_DAYS + 1))),
                name="check_ins_are_1_to_400_days_after",
                violation_error_message="A check-in comes 1 to 400 days after the last treatment.",
            ),
            models.CheckConstraint(
                condition=models.Q(message_keep_days__gte=90),
                name="messages_are_kept_90_days",
                violation_error_message="Keep messages for at least 90 days: people ask about them.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    alert_ack_minutes__gte=1,
                    alert_second_minutes__gt=models.F("alert_ack_minutes"),
                    alert_third_minutes__gt=models.F("alert_second_minutes"),
                    alert_repeat_minutes__gte=1,
                ),
                name="escalations_follow_each_other",
                violation_error_message="Each escalation comes later than the one before it.",
            ),
            models.CheckConstraint(
                condition=models.Q(asq_wait_minutes__range=(1, 60)),
                name="a_screen_left_open_waits_an_hour_at_most",
                violation_error_message="Choose 1 to 60 minutes.",
            ),
            models.CheckConstraint(
                condition=models.Q(friendly_days__contained_by=list(range(1, MOST_CHECK_IN_DAYS + 1))),
                name="friendly_contacts_are_1_to_400_days_after",
                violation_error_message="A friendly contact comes 1 to 400 days after an alert was closed.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Self:
        """The row, or the defaults where none was saved yet."""
        kept = _kept.get()
        if kept:
            return cast(Self, kept[0])
        found = cast(Self, _CURRENT.first() or cls())
        if kept is not None:
            kept.append(found)
        return found


_CURRENT = Prepared(lambda: ClinicSettings.objects.filter(id=1))
_kept: ContextVar[list[ClinicSettings] | None] = ContextVar("settings of this transaction", default=None)


def keep_settings(found: ClinicSettings) -> None:
    """They were read together with something else: within `settings_read_once` nobody needs to ask again."""
    kept = _kept.get()
    if kept is not None and not kept:
        kept.append(found)


@contextmanager
def settings_read_once() -> Iterator[None]:
    """Within the block the clinic's settings are read once: one booking asks for them at many places."""
    token = _kept.set([])
    try:
        yield
    finally:
        _kept.reset(token)
