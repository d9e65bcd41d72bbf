"""Which result meets which named condition of a clearance."""

from collections.abc import Mapping
from datetime import date

# Kind of result and what it showed: the kind of condition. What is of concern, unclear or positive meets none: it is
# for a clinician to say so.
MEETS: Mapping[tuple[str, str], str] = {
    ("in_person", "done"): "in_person",
    ("ecg", "normal"): "ecg",
    ("pregnancy_test", "negative"): "pregnancy_test",
}
NOT_BEFORE_THE_DECISION = frozenset({"pregnancy_test"})  # what it says does not last


def opened_by(kind: str, result: str) -> str | None:
    """The kind of condition that a later result of this sort opens again, None where it opens none.

    Whatever does not meet it does: of concern, positive, or not clear, so that somebody looks at it anew.
    """
    asked = {of: condition for (of, _), condition in MEETS.items()}
    return asked.get(kind) if (kind, result) not in MEETS else None


def met_by(kind: str, result: str, *, done_on: date, decided_on: date) -> str | None:
    """The kind of condition that a result meets, None where it meets none. `decided_on` is the decision's first day."""
    condition = MEETS.get((kind, result))
    if condition in NOT_BEFORE_THE_DECISION and done_on < decided_on:
        return None
    return condition
