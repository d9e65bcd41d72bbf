"""What comes after a review: the next intake that waits for a decision."""

from intake.models import Intake
from intake.queries import review
from intake.queries.presence import being_read
from pacificmind.accounts.models import User

LOOK_AT = 20  # of the head of the queue


def next_after(by: User, intake: Intake) -> Intake | None:
    """The first of the clinician's queue but this patient's that nobody else has open, or the first of all."""
    waiting = list(review.awaiting(by).exclude(patient=intake.patient_id)[:LOOK_AT])
    taken = being_read([one.pk for one in waiting], but=by)
    return next((one for one in waiting if one.pk not in taken), waiting[0] if waiting else None)
