"""The suicide screen question by question: what comes next, and what the answers so far amount to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.domain.safety import Tier, tier_of_asq
from intake.domain.scoring import score

FIRST_FOUR, LAST = (1, 2, 3, 4), 5
EVER = 4  # "Have you ever tried to kill yourself?"
VALUES = ("Y", "N", "R")
OUTCOMES = {
    "negative": "negative",
    "non_acute_positive": "non_acute",
    "acute_positive": "acute",
    "refused_review": "refused",
}


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: as it stands now, and whether a Yes was ever said to this question in this sitting."""

    value: str
    said_yes: bool = False


def letters(given: Mapping[int, Given]) -> tuple[str | None, ...]:
    """The five answers as the scoring takes them. A Yes that was taken back still counts: a person decides about it."""
    return tuple(_letter(given.get(number)) for number in (*FIRST_FOUR, LAST))


def next_number(given: Mapping[int, Given]) -> int | None:
    """The question to ask next, or None at the end.

    Question 5 follows a Yes to any of the first four, and a refusal (ASQ screening tool, NIMH).
    """
    for number in FIRST_FOUR:
        if number not in given:
            return number
    wanted = any(given[number].said_yes or given[number].value in ("Y", "R") for number in FIRST_FOUR)
    return LAST if wanted and LAST not in given else None


def tier_so_far(
    given: Mapping[int, Given], *, age_years: int | None = None, known_attempt: bool = False, left: bool = False
) -> Tier | None:
    """How urgent the answers are. `left`: nobody is answering any more, so a Yes without question 5 is acute.

    `known_attempt`: the Yes to question 4 was assessed before and has not changed. It waits for question 5 then.
    """
    told = letters(given)
    asking = not left and next_number(given) is not None
    if known_attempt and asking and told[LAST - 1] is None and _only_ever(told):
        return Tier.REVIEW
    tier = tier_of_asq(told, age_years=age_years, lifetime_assessed=known_attempt, still_answering=asking)
    if tier is None and left and None in told[:EVER]:
        return Tier.REVIEW
    return tier


def outcome(given: Mapping[int, Given], *, age_years: int | None = None) -> str:
    """What a sitting that has ended is called: negative, non_acute, acute, refused or unfinished."""
    return OUTCOMES.get(score("ASQ", list(letters(given)), {"age": age_years}).severity or "", "unfinished")


def _letter(answer: Given | None) -> str | None:
    if answer is None:
        return None
    return "Y" if answer.said_yes else answer.value


def _only_ever(told: Sequence[str | None]) -> bool:
    return told[EVER - 1] == "Y" and "Y" not in told[: EVER - 1]
