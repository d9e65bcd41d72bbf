"""What Celery runs for the ledger. The broker carries nothing: everything due is found in the table."""

from celery import shared_task

from pacificmind.messaging import after, delivery
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
