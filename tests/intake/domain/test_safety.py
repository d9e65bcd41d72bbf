"""Tiers of single answers, and the phrases in free text."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.library import crisis_phrases, crisis_words
from intake.domain.reading import DataError
from intake.domain.safety import Tier, parse_crisis, tier_of_asq, tier_of_cssrs, tier_of_item9

U2, U1, REVIEW = Tier.URGENT_2, Tier.URGENT_1, Tier.REVIEW


@pytest.mark.parametrize(("value", "tier"), [(None, None), (0, None), (1, U1), (2, U1), (3, U1)])
def test_item_9(value: int | None, tier: Tier | None) -> None:
    assert tier_of_item9(value) is tier


def test_item_9_refused_is_looked_at_the_same_day() -> None:
    assert tier_of_item9(None, refused=True) is REVIEW


@pytest.mark.parametrize("value", [-1, 4, True, 1.0, "1"])
def test_item_9_takes_no_other_answers(value: int) -> None:
    with pytest.raises(ValueError, match="item 9"):
        tier_of_item9(value)


@pytest.mark.parametrize(
    ("letters", "tier"),
    [
        ("NNNN-", None),
        ("NNNNN", None),
        ("YNNNN", U1),
        ("NNNYN", U1),
        ("YNNNY", U2),
        ("NNNNY", U2),
        ("Y----", U2),
        ("YNNNR", U2),
        ("RNNN-", REVIEW),
        ("N----", None),
    ],
)
def test_asq(letters: str, tier: Tier | None) -> None:
    assert tier_of_asq([None if letter == "-" else letter for letter in letters]) is tier


def test_asq_while_the_patient_is_still_answering() -> None:
    assert tier_of_asq(["Y", None, None, None, None], still_answering=True) is U1
    assert tier_of_asq(["Y", "N", "N", "N", "Y"], still_answering=True) is U2
    assert tier_of_asq(["Y", "N", "N", "N", "R"], still_answering=True) is U2


def test_asq_lifetime_answer_assessed_before() -> None:
    assert tier_of_asq(["N", "N", "N", "Y", "N"], lifetime_assessed=True) is REVIEW
    assert tier_of_asq(["N", "N", "N", "Y", "Y"], lifetime_assessed=True) is U2
    assert tier_of_asq(["N", "N", "N", "Y", None], lifetime_assessed=True) is U2
    assert tier_of_asq(["Y", "N", "N", "Y", "N"], lifetime_assessed=True) is U1


def test_asq_refused_by_a_minor_is_positive() -> None:
    assert tier_of_asq(["R", "N", "N", "N", "N"], age_years=17) is U1
    assert tier_of_asq(["R", "N", "N", "N", "N"], age_years=18) is REVIEW


def test_asq_takes_no_other_answers() -> None:
    with pytest.raises(ValueError, match="item 1"):
        tier_of_asq(["y", "N", "N", "N", "N"])


@pytest.mark.parametrize(
    ("yes", "tier"),
    [(["q4"], U2), (["q5"], U2), (["q6_3mo"], U2), (["q3"], U1), (["q6_lifetime"], U1), (["q2"], U1), ([], None)],
)
def test_cssrs(yes: list[str], tier: Tier | None) -> None:
    keys = ("q1", "q2", "q3", "q4", "q5", "q6_lifetime", "q6_3mo")
    assert tier_of_cssrs({key: int(key in yes) for key in keys}) is tier


@pytest.mark.parametrize(
    "text",
    [
        "Some days I want to kill myself.",
        "I WANT TO DIE",
        "i dont want to live",
        "I don’t want to live",
        "I don`t  want\nto   live anymore",
        "thinking about suicide",
        "I'd be better off dead, honestly",
        "K I L L  M Y S E L F",
        "ｓｕｉｃｉｄｅ",
        "sui\u200bcidal",
        "suісіdе",  # Cyrillic look-alikes
        "self-harm",
        "Quiero morirme",
        "ya no quiero vivir",
        "ESTARÍA MEJOR MUERTA",
        "he pensado en quitarme la vida",
        unicodedata.normalize("NFD", "ojalá estuviera muerto"),
    ],
)
def test_crisis_phrases_are_found(text: str) -> None:
    assert crisis_words(text)


@pytest.mark.parametrize(
    "text",
    ["", "I sleep badly", "The kms", "skills myself included", "me gusta vivir", "I live in Long Beach", "murió"],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert crisis_words(text) is (text == "The kms")


@settings(deadline=None)
@given(st.sampled_from(crisis_phrases().phrases), st.text(max_size=20), st.text(max_size=20))
def test_every_phrase_is_found_whatever_stands_around_it(phrase: str, before: str, after: str) -> None:
    assert crisis_words(f"{before} . {phrase.upper()} . {after}")


def test_an_empty_list_is_not_read() -> None:
    for text in ('version = "1"\n', 'version = "1"\nen = ["!"]\n', "en = ["):
        with pytest.raises(DataError):
            parse_crisis(text, "test")
