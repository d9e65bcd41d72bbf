"""The drawing of totals over time as plain numbers: points, ticks, bands. Pure; templates only write them down.

Coordinates are those of an SVG: x to the right, y downwards, in its own units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 14, 46  # margins that hold the words
FEWEST_DAYS = 14  # a narrower span would make a week look like a year
MOST_LABELS = 4


@dataclass(frozen=True, slots=True)
class Band:
    """A range of totals with its words; `y` is its upper edge."""

    words: str
    low: int
    high: int
    y: float
    height: float

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return round(self.y + self.height / 2, 1)

    @property
    def bottom(self) -> float:
        """The y of its lowest total."""
        return round(self.y + self.height, 1)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a day: a total with its height, or a visit."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Chart:
    """One instrument over time."""

    bands: tuple[Band, ...]
    points: tuple[Mark, ...]
    visits: tuple[Mark, ...]
    days: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def line(self) -> str:
        """The points as SVG's polyline wants them."""
        return " ".join(f"{one.x:g},{one.y:g}" for one in self.points)

    @property
    def floor(self) -> int:
        """The y of a total of nought."""
        return HEIGHT - BOTTOM

    @property
    def inner_width(self) -> int:
        """How far the bands reach."""
        return WIDTH - LEFT - RIGHT

    @property
    def edge(self) -> int:
        """Where the numbers beside the bands end."""
        return LEFT - 8

    @property
    def words_at(self) -> int:
        """Where the words of the bands begin."""
        return LEFT + 8

    @property
    def days_at(self) -> int:
        """The line of the days."""
        return HEIGHT - 14

    @property
    def left(self) -> int:
        """The x of the first day."""
        return LEFT

    @property
    def right(self) -> int:
        """The x of the last day."""
        return WIDTH - RIGHT

    @property
    def top(self) -> int:
        """The y of the highest total."""
        return TOP


def draw(
    totals: Sequence[tuple[date, float]],
    visits: Sequence[date],
    *,
    highest: int,
    bands: Sequence[tuple[int, str]] = (),
) -> Chart:
    """Lay out totals (day, 0 to `highest`) and the days of visits; `bands` are (lowest total, words), ascending.

    Raises ValueError without a total.
    """
    if not totals:
        raise ValueError("a chart needs a total")
    days = [day for day, _ in totals] + list(visits)
    first, last = min(days), max(days)
    span = max((last - first).days, FEWEST_DAYS)

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span, 1)

    def y(total: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - total / highest), 1)

    edges = [low for low, _ in bands] + [highest]
    drawn = []
    for (low, words), above in zip(bands, edges[1:], strict=True):
        high = above if above == highest else above - 1
        drawn.append(Band(words, low, high, y(above), round(y(low) - y(above), 1)))
    step = span / min(MOST_LABELS - 1, span)
    labels = [first + timedelta(days=round(step * n)) for n in range(min(MOST_LABELS, span + 1))]
    return Chart(
        bands=tuple(drawn),
        points=tuple(Mark(x(day), y(total), f"{total:g}") for day, total in totals),
        visits=tuple(Mark(x(day), HEIGHT - BOTTOM, "") for day in visits),
        days=tuple(Mark(x(day), HEIGHT - BOTTOM, f"{day:%b} {day.day}") for day in labels),
    )
