"""What an answer to an inquiry raises, in the transaction that stores it: item 9 with its screen, words of crisis."""

from collections.abc import Mapping
from typing import Any

from intake.domain import inquiry as domain
from intake.domain.library import crisis_words
from intake.domain.safety import Tier, tier_of_item9
from intake.models import Inquiry, SafetyAlert
from intake.queries import inquiries as queries
from intake.services import asq, safety
from intake.services.inquiry_scoring import amend_phq9
from pacificmind.accounts.models import User


def item9(row: Inquiry, value: int | None, by: User | None, back_to: str) -> SafetyAlert | None:
    """Evaluate item 9 now. Lowering it later changes nothing: the alert is a person's to close."""
    before = row.answers.get(domain.ITEM9)
    tier = tier_of_item9(value, refused=value is None)
    if tier != Tier.URGENT_1 or value is None or (before is not None and value <= before):
        return None
    row.answers[domain.ITEM9] = value
    alert = safety.raise_alert(
        patient=row.patient,
        tier=tier.value,
        trigger=SafetyAlert.Trigger.PHQ9_ITEM_9,
        value=str(value),
        by=by,
    )
    _screen_follows(row, alert, by, back_to)
    amend_phq9(row, by)
    return alert


def _screen_follows(row: Inquiry, alert: SafetyAlert, by: User | None, back_to: str) -> None:
    """The suicide screen begins in the same sitting, about this alert; it is asked again where it was over."""
    if row.ended_at is not None or not queries.is_in_time(row):
        return  # nobody could answer it here any more
    sitting = asq.open_sitting(patient=row.patient, by=by, alert=alert, back_to=back_to)
    if row.answers.get(queries.SITTING) != str(sitting.pk) and domain.SAFETY in row.done:
        row.done.remove(domain.SAFETY)
        row.sent_at = None
    row.answers[queries.SITTING] = str(sitting.pk)


def words(row: Inquiry, told: Mapping[str, Any], by: User | None) -> SafetyAlert | None:
    """Words of crisis in what was written, wherever; the same sent twice raise one alert."""
    found = {name: said for name, said in told.items() if isinstance(said, str) and crisis_words(said)}
    if all(row.answers.get(name) == said for name, said in found.items()):
        return None
    row.answers |= found
    return safety.raise_alert(
        patient=row.patient, tier=SafetyAlert.Tier.URGENT_1, trigger=SafetyAlert.Trigger.WORDS, by=by
    )
