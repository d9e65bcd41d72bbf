"""The morning summary: how much waits in one's queues, in numbers alone, on each working morning."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Recipient
from pacificmind.messaging.registry import Purpose, Void, Words, register
from pacificmind.messaging.services import Owed, owe_many
from pacificmind.tasks import queries
from pacificmind.tasks.models import SummaryWish

SUMMARY = "morning-summary"  # its subject_version is the day's ordinal: one a day
HOUR, MINUTE = 7, 30  # local wall clock
FRIDAY = 4


def owe_summaries() -> int:
    """Owe today's summary to those who want it; how many are new. None at the weekend, none after noon."""
    rows = []
    for wish in SummaryWish.objects.filter(user__is_active=True).select_related("user"):
        zone = zone_of(wish.user)
        wall = now().astimezone(zone)
        if wall.weekday() > FRIDAY or wall.hour >= 12 or (wall.hour, wall.minute) < (HOUR, MINUTE):
            continue
        due = datetime.combine(wall.date(), time(HOUR, MINUTE), tzinfo=zone).astimezone(UTC)
        rows.append(Owed(SUMMARY, wish, wall.date().toordinal(), Recipient.USER, wish.user_id, due))
    with transaction.atomic():
        return owe_many(rows)


def zone_of(user: User) -> ZoneInfo:
    """The zone of the user's first site."""
    site = Site.objects.filter(pk__in=user.sites()).order_by("name").first()
    return site.tz if site is not None else ZoneInfo(queries.ZONE)


def wants(user: User) -> bool:
    """Whether they get it."""
    return SummaryWish.objects.filter(user=user).exists()


def choose(*, by: User, wanted: bool) -> None:
    """Get the summary from tomorrow on, or no longer."""
    with transaction.atomic(durable=True):
        if wanted:
            SummaryWish.objects.get_or_create(user=by)
        else:
            SummaryWish.objects.filter(user=by).delete()
        record(Action.CHANGE, "morning summary", by=by, changes={"wanted": wanted})


def summary(message: Message) -> Words | Void:
    """The numbers as they are when it leaves. No name, no kind of task: a mail is read on a bus."""
    wish = SummaryWish.objects.select_related("user").filter(pk=message.subject_id).first()
    if wish is None or not wish.user.is_active:
        return Void("They no longer want it.")
    if now().astimezone(zone_of(wish.user)).date().toordinal() != message.subject_version:
        return Void("Its morning is over.")
    waiting = queries.open_of(queries.tasks_for(wish.user))
    total, late = waiting.count(), waiting.filter(due_at__lt=now()).count()
    mine = waiting.filter(owner=wish.user).count()
    if not total:
        return Void("Nothing waits.")
    lines = [
        f"{_many(total)} in your queues this morning: {late} late, {mine} taken by you.",
        "You can end this mail on the page of your tasks.",
    ]
    return Words(f"This morning: {_many(total)}", {"lines": lines, "path": "/tasks/"}, "staff")


def _many(count: int) -> str:
    return f"{count} task{'' if count == 1 else 's'}"


def register_messages() -> None:
    """Make the purpose known."""
    register(Purpose(SUMMARY, "Morning summary", summary, to_patients=False))
