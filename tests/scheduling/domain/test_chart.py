"""The drawing: nothing outside its frame, heights in order, days in order, words where they belong."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.domain.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw

BANDS = ((0, "minimal"), (5, "mild"), (10, "moderate"), (15, "moderately severe"), (20, "severe"))
DAY = date(2027, 3, 1)
TOTALS = st.lists(st.tuples(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(0, 27)), min_size=1, max_size=30)


def test_the_highest_total_is_on_top_and_nought_on_the_floor() -> None:
    chart = draw([(DAY, 27), (DAY + timedelta(days=28), 0)], [DAY], highest=27, bands=BANDS)
    assert [(one.x, one.y) for one in chart.points] == [(LEFT, TOP), (WIDTH - RIGHT, HEIGHT - BOTTOM)]
    assert chart.visits[0].x == LEFT
    assert [one.words for one in chart.days] == ["Mar 1", "Mar 10", "Mar 20", "Mar 29"]


def test_bands_lie_on_one_another_without_a_gap() -> None:
    bands = draw([(DAY, 3)], [], highest=27, bands=BANDS).bands
    assert [(one.low, one.high) for one in bands] == [(0, 4), (5, 9), (10, 14), (15, 19), (20, 27)]
    assert bands[0].bottom == pytest.approx(HEIGHT - BOTTOM, abs=0.2)
    assert bands[-1].y == TOP
    for lower, upper in pairwise(bands):
        assert upper.bottom == pytest.approx(lower.y, abs=0.2)


def test_one_total_alone_is_drawn() -> None:
    chart = draw([(DAY, 12)], [], highest=27)
    assert len(chart.points) == 1
    assert chart.days[0].words == "Mar 1"


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="total"):
        draw([], [DAY], highest=27)


@given(TOTALS, st.lists(st.dates(date(2026, 1, 1), date(2028, 1, 1)), max_size=8))
def test_all_of_it_stays_inside_and_keeps_its_order(totals: list[tuple[date, int]], visits: list[date]) -> None:
    totals.sort()
    chart = draw(totals, visits, highest=27, bands=BANDS)
    for one in (*chart.points, *chart.visits, *chart.days):
        assert LEFT <= one.x <= WIDTH - RIGHT
        assert TOP <= one.y <= HEIGHT - BOTTOM
    assert [one.x for one in chart.points] == sorted(one.x for one in chart.points)
    for (_, total), point in zip(totals, chart.points, strict=True):
        assert any(band.low <= total <= band.high and band.y - 8 <= point.y <= band.bottom + 1 for band in chart.bands)
