"""How a total moved since the time before: in words, with what counts as meaningful. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from intake.domain.outcomes import LOOK_BACK, Measure
from intake.domain.scoring.staging import OUTCOMES


def change_words(measures: Sequence[Measure]) -> str:
    """What became of one instrument's total, such as "6 lower than before, a meaningful change".

    `measures` by time, all of one instrument. Empty with fewer than two.
    """
    if len(measures) < 2:
        return ""
    before, last = measures[-2], measures[-1]
    by = last.score - before.score
    if by == 0:
        return "the same as before"
    words = f"{abs(by):g} {'higher' if by > 0 else 'lower'} than before"
    known = OUTCOMES.get(last.instrument)
    if known is not None and known.meaningful is not None:
        enough = abs(by) >= known.meaningful
        words += ", a meaningful change" if enough else f", less than the {known.meaningful} that count as meaningful"
    if last.at - before.at < LOOK_BACK.get(last.instrument, timedelta()):
        words += "; asked again within the time that it asks about, so that it reads too small"
    return words
