"""What Celery runs for the ledger. The broker carries nothing: everything due is found in the table."""

from celery import shared_task

from pacificmind.messaging import after, delivery, upkeep
from pacificmind.messaging.mail import Post


@shared_task(name="messaging.deliver")
def deliver() -> int:
    """Send what is due."""
    return delivery.run()


@shared_task(name="messaging.sweep")
def sweep() -> int:
    """Hand what was left in doubt to a person; send what waited for the mail server once it answers again."""
    found = after.sweep_stuck()
    if after.waiting_for_the_server():
        with Post() as post:
            answers = post.reachable()
        if answers:
            found += after.send_after_outage()
    return found


@shared_task(name="messaging.canary")
def canary() -> None:
    """A worker took work from the broker: the sign of life that the managers' page shows."""
    upkeep.alive(upkeep.WORKER)


@shared_task(name="messaging.remove-old")
def remove_old() -> int:
    """Remove what the clinic no longer keeps."""
    return upkeep.remove_old()
