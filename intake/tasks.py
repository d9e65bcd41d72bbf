"""What runs on a clock."""

from celery import shared_task

from intake.services.safety import escalate_pages


@shared_task(name="intake.pages")
def pages() -> int:
    """Page again about alerts that nobody has taken; how many pages are new."""
    return escalate_pages()
