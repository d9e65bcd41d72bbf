"""What Celery does for scheduling: shells around services, safe to run at any time, twice, or not for an hour."""

from celery import shared_task

from intake.services.unfinished import owe_unfinished
from pacificmind.tasks.summary import owe_summaries
from scheduling.services import waitlist_tick, watch


@shared_task(name="scheduling.boosters")
def boosters() -> int:
    """Owe the booster reminders that no row stands for yet (a plan that began by another way)."""
    return watch.owe_boosters()


@shared_task(name="scheduling.watch")
def look_after() -> int:
    """Book what has become ready, and put before a person what has slipped through."""
    return watch.look_after()


@shared_task(name="scheduling.owed")
def owed() -> int:
    """Owe what comes with the days: unfinished answers are asked for, staff get their morning summary."""
    return owe_unfinished() + owe_summaries()


@shared_task(name="scheduling.waitlist")
def earlier_times() -> int:
    """Offer earlier places in fair order, and end what nobody answered."""
    return waitlist_tick.tick()
