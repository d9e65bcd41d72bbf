"""What Celery runs for the record."""

from celery import shared_task

from pacificmind.audit import sealing


@shared_task(name="audit.seal")
def seal() -> int:
    """Seal what has committed; how many rows."""
    made = sealing.seal()
    return made.rows if made else 0
