"""Several windows: nothing of another window is overwritten unseen, nothing late of one's own overwrites newer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.tabs import NOTHING, Page, Stored, judge

values = st.sampled_from([NOTHING, None, 0, 1, "a"])


@pytest.mark.parametrize(
    ("value", "stored", "seen", "verdict"),
    [
        (1, Stored(), {}, "store"),
        (1, Stored(0, "other"), {"x": 0}, "store"),  # as the page showed it
        (1, Stored(1, "other"), {}, "store"),  # the same answer
        (1, Stored(0, "other"), {}, "differs"),
        (1, Stored(0, "other"), {"x": 2}, "differs"),
        (1, Stored(None, "other"), {}, "differs"),  # declined there
        (NOTHING, Stored(0, "other"), {"x": 2}, "differs"),
        (1, Stored(NOTHING, "other"), {"x": 2}, "store"),  # emptied there
        (1, Stored(0, "me", 3), {}, "store"),
        (1, Stored(0, "me", 4), {}, "late"),
    ],
)
def test_verdicts(value: Any, stored: Stored, seen: dict[str, Any], verdict: str) -> None:
    assert judge("x", value, stored, Page("me", 3, seen)) == verdict


@given(values, values, values)
def test_an_answer_of_another_window_that_was_not_seen_is_never_overwritten(value: Any, there: Any, seen: Any) -> None:
    page = Page("me", 1, {} if seen is NOTHING else {"x": seen})
    if judge("x", value, Stored(there, "other"), page) == "store":
        assert there in (seen, value) or there is NOTHING
