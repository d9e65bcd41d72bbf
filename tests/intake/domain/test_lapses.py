"""When a decision lapses: each kind of new finding, and those that change nothing."""

from dataclasses import dataclass

import pytest

from intake.domain.lapses import Lapsed, lapse_of


@dataclass(frozen=True)
class Found:
    rule: str
    flag: str
    high: bool = False


LISTED = {"D38": "CONTRA", "D45": "CONTRA", "D30": "REVIEW", "D64": "REVIEW", "D61": "REVIEW"}


def lapse(*found: Found, seen: dict[str, str] | None = None, overridden: tuple[str, ...] = ()) -> Lapsed | None:
    return lapse_of(found, seen=seen or {}, overridden=overridden, listed=LISTED)


@pytest.mark.parametrize(
    ("found", "seen", "lapsed"),
    [
        (Found("D38", "CONTRA"), {}, Lapsed("contraindication", ("D38",))),
        (Found("D38", "CONTRA"), {"D38": "REVIEW"}, Lapsed("contraindication", ("D38",))),
        (Found("D38", "CONTRA"), {"D38": "CONTRA"}, None),
        (Found("D38", "REVIEW"), {}, Lapsed("changed", ("D38",))),  # not sure, where a Yes is a contraindication
        (Found("D38", "REVIEW"), {"D38": "CONTRA"}, None),  # less than what the signer knew
        (Found("D30", "REVIEW", high=True), {}, Lapsed("changed", ("D30",))),
        (Found("D30", "REVIEW", high=True), {"D30": "REVIEW"}, None),
        (Found("D19", "REVIEW"), {}, Lapsed("changed", ("D19",))),
        (Found("D87", "URGENT-1"), {}, Lapsed("changed", ("D87",))),
        (Found("D64", "REVIEW"), {}, None),  # the weight is old: no reason to hold anybody up
        (Found("D61", "REVIEW"), {}, None),
        (Found("D19", "INFO"), {}, None),
        (Found("D01", "URGENT-1"), {}, None),  # the safety pathway has its own hold
        (Found("D02", "URGENT-2"), {}, None),
    ],
)
def test_what_is_new_to_the_signer(found: Found, seen: dict[str, str], lapsed: Lapsed | None) -> None:
    assert lapse(found, seen=seen) == lapsed


def test_an_override_holds_and_a_contraindication_speaks_before_a_change() -> None:
    assert lapse(Found("D38", "CONTRA"), overridden=("D38",)) is None
    both = (Found("D19", "REVIEW"), Found("D45", "CONTRA"), Found("D38", "CONTRA"))
    assert lapse(*both) == Lapsed("contraindication", ("D45", "D38"))


def test_nothing_found_changes_nothing() -> None:
    assert lapse() is None
