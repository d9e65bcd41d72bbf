"""The suicide screen question by question: which comes next, and how urgent the answers so far are."""

import pytest

from intake.domain.asq import Given, next_number, outcome, tier_so_far
from intake.domain.safety import Tier

U2, U1, REVIEW = Tier.URGENT_2, Tier.URGENT_1, Tier.REVIEW


def told(letters: str, *, said_yes: tuple[int, ...] = ()) -> dict[int, Given]:
    """`-` is not answered; `said_yes` are questions whose Yes was taken back."""
    return {
        number: Given(letter, said_yes=letter == "Y" or number in said_yes)
        for number, letter in enumerate(letters, 1)
        if letter != "-"
    }


@pytest.mark.parametrize(
    ("letters", "number"),
    [
        ("-----", 1),
        ("Y----", 2),
        ("NN---", 3),
        ("NNN--", 4),
        ("NNNN-", None),
        ("NNNY-", 5),
        ("YNNN-", 5),
        ("NRNN-", 5),  # a refusal is followed by question 5 too
        ("YYYYN", None),
        ("N-NN-", 2),
    ],
)
def test_question_5_follows_a_yes_or_a_refusal(letters: str, number: int | None) -> None:
    assert next_number(told(letters)) == number


def test_a_yes_that_was_taken_back_is_still_followed_by_question_5() -> None:
    assert next_number(told("NNNN-", said_yes=(2,))) == 5


@pytest.mark.parametrize(
    ("letters", "asking", "left"),
    [
        ("-----", None, REVIEW),
        ("N----", None, REVIEW),
        ("NNNN-", None, None),
        ("Y----", U1, U2),
        ("YNNN-", U1, U2),
        ("YNNNN", U1, U1),
        ("YNNNY", U2, U2),
        ("NNNNY", U2, U2),
        ("YNNNR", U2, U2),
        ("RNNN-", REVIEW, REVIEW),
        ("RNNNN", REVIEW, REVIEW),
        ("RNNNY", U2, U2),
    ],
)
def test_how_urgent_while_they_answer_and_when_they_left(letters: str, asking: Tier | None, left: Tier | None) -> None:
    assert tier_so_far(told(letters)) is asking
    assert tier_so_far(told(letters), left=True) is left


def test_taking_a_yes_back_lowers_nothing() -> None:
    assert tier_so_far(told("NNNNN", said_yes=(1,))) is U1
    assert tier_so_far(told("NNNNN", said_yes=(5,))) is U2
    assert outcome(told("NNNNN", said_yes=(1,))) == "non_acute"


def test_an_attempt_that_was_assessed_waits_for_question_5() -> None:
    assert tier_so_far(told("NNNY-"), known_attempt=True) is REVIEW
    assert tier_so_far(told("NNNY-"), known_attempt=True, left=True) is U2
    assert tier_so_far(told("NNNYN"), known_attempt=True) is REVIEW
    assert tier_so_far(told("NNNYY"), known_attempt=True) is U2
    assert tier_so_far(told("YNNY-"), known_attempt=True) is U1
    assert tier_so_far(told("NNNY-")) is U1, "the negative control: not assessed"


@pytest.mark.parametrize(
    ("letters", "word"),
    [("NNNN-", "negative"), ("YNNNN", "non_acute"), ("NNNYY", "acute"), ("RNNNN", "refused"), ("YNNNR", "acute")],
)
def test_what_a_sitting_is_called(letters: str, word: str) -> None:
    assert outcome(told(letters)) == word


def test_a_minor_who_refuses_is_positive() -> None:
    assert tier_so_far(told("RNNNN"), age_years=17) is U1
