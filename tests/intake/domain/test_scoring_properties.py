"""What holds for every answer sheet: no invented answers, no accepted rubbish, totals that are sums."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.scoring import INSTRUMENTS, score

SHEETS: dict[str, tuple[int, list[Any]]] = {
    "PHQ-9": (9, [0, 1, 2, 3]),
    "PHQ-2": (2, [0, 1, 2, 3]),
    "GAD-7": (7, [0, 1, 2, 3]),
    "PCL-5": (20, [0, 1, 2, 3, 4]),
    "PC-PTSD-5": (5, [0, 1]),
    "MDQ": (13, [0, 1]),
    "RMS": (6, [0, 1]),
    "AUDIT-C": (3, [0, 1, 2, 3, 4]),
    "AUDIT": (10, [0, 2, 4]),
    "DAST-10": (10, ["Y", "N"]),
    "TAPS-1": (4, ["never", "less_than_monthly", "monthly", "weekly", "daily"]),
    "QIDS-SR16": (16, [0, 1, 2, 3]),
    "CUDOS": (16, [0, 1, 2, 3, 4]),
    "MADRS": (10, [0, 1, 2, 3, 4, 5, 6]),
    "CADSS-6": (6, [0, 1, 2, 3, 4]),
}
PRORATED = {"PHQ-9", "GAD-7"}
SUMS = {"PHQ-9", "PHQ-2", "GAD-7", "PCL-5", "PC-PTSD-5", "MDQ", "RMS", "AUDIT-C", "AUDIT", "CUDOS", "MADRS", "CADSS-6"}
RUBBISH = st.sampled_from([True, False, 1.0, float("nan"), float("inf"), "1", "", -1, 7, 99, [], {}, b"1"])


@pytest.mark.parametrize("name", SHEETS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_full_sheet_is_complete_and_adds_up(name: str, data: st.DataObject) -> None:
    count, allowed = SHEETS[name]
    items = data.draw(st.lists(st.sampled_from(allowed), min_size=count, max_size=count))
    scored = score(name, items)
    assert scored.status == "complete"
    assert "missing" not in scored.extra
    if name in SUMS:
        assert scored.score == sum(items)


@pytest.mark.parametrize("name", SHEETS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_one_bad_answer_makes_the_sheet_invalid(name: str, data: st.DataObject) -> None:
    count, allowed = SHEETS[name]
    items = data.draw(st.lists(st.sampled_from(allowed), min_size=count, max_size=count))
    items[data.draw(st.integers(0, count - 1))] = data.draw(RUBBISH)
    scored = score(name, items)
    assert (scored.status, scored.score, scored.positive) == ("invalid", None, None)


@pytest.mark.parametrize("name", SHEETS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_missing_answer_is_never_taken_for_zero(name: str, data: st.DataObject) -> None:
    count, allowed = SHEETS[name]
    often = [value for value in allowed if value not in (0, "N", "never")]
    items: list[Any] = data.draw(st.lists(st.sampled_from(often), min_size=count, max_size=count))
    gap = data.draw(st.integers(0, count - 1))
    items[gap] = None
    scored = score(name, items)
    if name == "QIDS-SR16" and 5 <= gap <= 8:
        assert scored.status == "complete"  # appetite and weight are either-or questions
    elif name in PRORATED and not (name == "PHQ-9" and gap == 8):
        assert scored.status == "prorated"
        assert scored.score == pytest.approx(sum(value or 0 for value in items) * count / (count - 1))
    else:
        assert (scored.status, scored.score) == ("incomplete", None)
        assert scored.extra["missing"] == [gap + 1]


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_count_is_invalid(name: str, change: int) -> None:
    count, allowed = SHEETS[name]
    assert score(name, [allowed[-1]] * (count + change)).status == "invalid"


@given(st.lists(st.sampled_from(["Y", "N", "R", None]), min_size=5, max_size=5))
@settings(deadline=None)
def test_asq_never_loses_a_yes(items: list[str | None]) -> None:
    scored = score("ASQ", items)
    assert (scored.positive is True) == ("Y" in items)
    if scored.severity == "negative":
        assert items[:4] == ["N"] * 4


@given(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    ),
)
@settings(max_examples=80, deadline=None)
def test_no_input_whatever_breaks_the_engine(name: str, items: object) -> None:
    scored = score(name, items)
    assert scored.instrument == name
    assert scored.status in {"complete", "prorated", "incomplete", "unscorable", "invalid", "refused"}
