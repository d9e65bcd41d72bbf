"""Courses worked out by hand: what counts as response, remission, relapse, and what does not yet."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.outcomes import Course, Measure, course, little_gain

START = datetime(2027, 3, 1, 17, tzinfo=UTC)


def measures(*told: tuple[int, float], instrument: str = "PHQ-9") -> list[Measure]:
    """(day from the first infusion, total)."""
    return [Measure(START + timedelta(days=day), instrument, total) for day, total in told]


def read(*told: tuple[int, float], instrument: str = "PHQ-9") -> Course:
    return course(instrument, measures(*told, instrument=instrument), START)


def test_the_baseline_is_the_last_total_up_to_the_first_infusion() -> None:
    found = read((-20, 22), (0, 20), (3, 15))
    assert found.baseline is not None
    assert (found.baseline.score, len(found.before), len(found.after)) == (20, 2, 1)


@pytest.mark.parametrize(
    ("followup", "response", "remission", "meaningful"),
    [(16, False, False, False), (15, False, False, True), (11, False, False, True), (10, True, False, True),
     (5, True, False, True), (4, True, True, True), (0, True, True, True), (27, False, False, False)],
)  # fmt: skip
def test_each_cut_and_its_neighbour(followup: int, response: bool, remission: bool, meaningful: bool) -> None:
    latest = read((-1, 20), (20, followup)).latest
    assert latest is not None
    assert (latest.response, latest.remission, latest.meaningful_change) == (response, remission, meaningful)


def test_a_ptsd_checklist_has_a_meaningful_change_and_no_remission() -> None:
    latest = read((-1, 50), (40, 40), instrument="PCL-5").latest
    assert latest is not None
    assert (latest.meaningful_change, latest.remission, latest.response) == (True, None, False)


@pytest.mark.parametrize(
    ("later", "relapsed"),
    [
        ([4, 9], False),  # 5 of a gain of 16 lost
        ([4, 10], True),  # at or above 10 after remission
        ([5, 10], False),  # no remission, 5 of 15
        ([8, 13], False),  # 5 of 12
        ([8, 14], True),  # half of 12
        ([16, 20], False),  # a gain of 4 is none to lose
        ([15, 18], True),  # half of 5, rounded up
        ([15, 17], False),
        ([8], False),
    ],
)
def test_relapse_is_ten_after_remission_or_half_of_the_gain(later: list[int], relapsed: bool) -> None:
    found = read((-1, 20), *((14 * n, total) for n, total in enumerate(later, 1)))
    assert (found.relapsed is not None) is relapsed


def test_a_remission_long_ago_is_remembered() -> None:
    found = read((-1, 20), (14, 3), (28, 8), (42, 9), (56, 12))
    assert found.relapsed is not None
    assert found.relapsed.measure.score == 12


def test_totals_closer_than_the_look_back_are_marked() -> None:
    found = read((-1, 20), (12, 15), (26, 12), (27, 11))
    assert [one.within_look_back for one in found.after] == [True, False, True]


def test_without_a_baseline_nothing_is_claimed() -> None:
    latest = read((3, 10)).latest
    assert latest is not None
    assert (latest.response, latest.remission, latest.change, latest.relapse) == (None, None, "", False)


def test_before_the_first_infusion_everything_is_before() -> None:
    found = course("PHQ-9", measures((-9, 20), (-2, 18)), None)
    assert (found.baseline and found.baseline.score, found.after) == (18, ())


def test_a_baseline_of_nought_has_no_share() -> None:
    latest = read((-1, 0), (20, 3)).latest
    assert latest is not None
    assert (latest.pct_reduction, latest.response) == (None, None)


@pytest.mark.parametrize(("followup", "little"), [(17, True), (16, False), (20, True), (24, True), (8, False)])
def test_little_gain_is_a_fall_below_a_fifth(followup: int, little: bool) -> None:
    assert little_gain(read((-1, 20), (10, followup)), 20) is little


def test_little_gain_is_unknown_without_a_later_total() -> None:
    assert little_gain(read((-1, 20)), 20) is None
    assert little_gain(read((10, 12)), 20) is None


@pytest.mark.parametrize(("followup", "words"), [(10, "better by 50 %"), (22, "worse by 10 %"), (20, "no change")])
def test_change_in_words(followup: int, words: str) -> None:
    latest = read((-1, 20), (20, followup)).latest
    assert latest is not None
    assert latest.change == words


@given(st.lists(st.tuples(st.integers(-60, 200), st.integers(0, 27)), max_size=12, unique_by=lambda pair: pair[0]))
def test_no_total_is_lost_and_none_changes_sides(told: list[tuple[int, int]]) -> None:
    found = read(*told)
    assert len(found.before) + len(found.after) == len(told)
    assert all(one.at <= START for one in found.before)
    assert all(one.measure.at > START for one in found.after)
    assert not (found.relapsed and found.baseline is None)
