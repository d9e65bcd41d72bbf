"""How urgent is an answer about suicide? Evaluated when it is given, not when the form is sent in."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from intake.domain.reading import DataError, Table
from intake.domain.scoring import score
from intake.domain.words import has_words, plain

LIFETIME_ONLY = ("N", "N", "N", "Y", "N")


class Tier(Enum):
    """What must happen: a person now, a clinician the same business day, or a look the same day."""

    URGENT_2 = "URGENT-2"
    URGENT_1 = "URGENT-1"
    REVIEW = "REVIEW"


@dataclass(frozen=True, slots=True)
class CrisisPhrases:
    """Phrases of one version, already made plain."""

    version: str
    phrases: tuple[str, ...]


def tier_of_item9(value: int | None, *, refused: bool = False) -> Tier | None:
    """PHQ-9 item 9: 1, 2 or 3 is urgent whatever the total. Raises ValueError outside 0 to 3."""
    if refused:
        return Tier.REVIEW
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= 3:
        raise ValueError(f"item 9 is 0 to 3, not {value!r}")
    return Tier.URGENT_1 if value else None


def tier_of_asq(
    answers: Sequence[str | None],
    *,
    age_years: int | None = None,
    lifetime_assessed: bool = False,
    still_answering: bool = False,
) -> Tier | None:
    """ASQ, five answers of Y, N, R (refused) or None. Raises ValueError for other answers.

    `still_answering`: the patient is at the page and question 5 comes next. A Yes without it is then URGENT-1 until
    it is answered; call again without the flag when the sitting is abandoned. `lifetime_assessed`: the Yes to
    question 4 was assessed before and has not changed.
    """
    result = score("ASQ", list(answers), {"age": age_years})
    if result.status == "invalid":
        raise ValueError(str(result.extra["reason"]))
    if result.severity == "acute_positive":
        waiting = still_answering and answers[4] is None
        return Tier.URGENT_1 if waiting else Tier.URGENT_2
    if result.severity == "non_acute_positive":
        known = lifetime_assessed and tuple(answers) == LIFETIME_ONLY
        return Tier.REVIEW if known else Tier.URGENT_1
    return Tier.REVIEW if result.severity == "refused_review" else None


def tier_of_cssrs(answers: Mapping[str, int | None]) -> Tier | None:
    """C-SSRS screener: high is URGENT-2, moderate URGENT-1. Raises ValueError for answers that are none.

    Low (a wish to be dead, or thoughts without method) is urgent too: ideation is assessed first, never queued.
    """
    result = score("C-SSRS-screener", answers)
    if result.status == "invalid":
        raise ValueError(str(result.extra["reason"]))
    if result.severity in ("moderate", "low"):
        return Tier.URGENT_1
    return Tier.URGENT_2 if result.severity == "high" else None


def find_crisis(text: str, phrases: CrisisPhrases) -> str | None:
    """Return the first phrase of the list that `text` contains, or None."""
    words = plain(text)
    joined = words.replace(" ", "")
    spelt_out = len(words.split()) >= 4 and all(len(word) == 1 for word in words.split())
    if spelt_out:
        return next((phrase for phrase in phrases.phrases if phrase.replace(" ", "") in joined), None)
    return next((phrase for phrase in phrases.phrases if has_words(words, phrase)), None)


def parse_crisis(text: str, where: str) -> CrisisPhrases:
    """Read the phrase list from TOML text. Raises DataError on the first doubtful line."""
    try:
        root = Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: {error}") from error
    root.only("version", "en", "es")
    phrases = tuple(dict.fromkeys(plain(phrase) for phrase in (*root.texts("en"), *root.texts("es"))))
    if not phrases or not all(phrases):
        raise DataError(f"{where}: a phrase is empty")
    return CrisisPhrases(root.text("version"), phrases)
