"""The fewest deviations and series weeks of any lawful set of days, in time linear in days."""

from __future__ import annotations

from scheduling.domain.planner.steps import Shared, Steps
from scheduling.domain.policy import WEEK

#: Placed so far, new days of this week, shared days.
Where = tuple[int, int, Shared]
#: Deviations and weeks so far.
Price = tuple[int, int]
NOT_YET = (WEEK**9, 0)


def fewest_weeks(steps: Steps) -> Price | None:
    """The least (deviations, series weeks) of any lawful set of days; None when there is none."""
    found = [best for start in phases(steps) if (best := _fewest_from(steps, start))]
    return min(found, default=None)


def phases(steps: Steps) -> list[int]:
    """Where weeks of each phase may first begin: in the anchor's phase, or in all seven."""
    possible, anchor = steps.problem.possible, steps.problem.anchor
    first = (possible & -possible).bit_length() - 1
    if anchor is None:
        return [first + day for day in range(WEEK)] if possible else []
    return [anchor + (min(first, anchor) - anchor) // WEEK * WEEK if possible else anchor]


def _fewest_from(steps: Steps, first: int) -> Price | None:
    best: Price | None = None
    layer: dict[Where, Price] = {}
    problem = steps.problem
    for start in range(first, max(problem.possible.bit_length(), problem.series.bit_length()), WEEK):
        if steps.may_open(start):
            layer[0, 0, steps.nothing_shared] = (0, 0)
        end, layer = _next_week(steps, layer, start)
        best = min((price for price in (best, end) if price), default=None)
        layer = {where: price for where, price in layer.items() if best is None or price < best}
    return best


def _next_week(steps: Steps, layer: dict[Where, Price], start: int) -> tuple[Price | None, dict[Where, Price]]:
    """The least price of a series that ends in the week from `start`, and the prices of those that go on."""
    ends, after = [], dict[Where, Price]()
    missing = steps.problem.missing
    for (placed, before, shared), (thin, weeks) in layer.items():
        for days, size, now in steps.after(before, shared, start):
            if placed + size > missing or (not weeks and not steps.opens(days, start)):
                continue
            if placed + size == missing and steps.may_end(days, start):
                ends.append((thin, weeks + 1))
            price = (thin + steps.thin(size, start), weeks + 1)
            where = (placed + size, days, now)
            if price < after.get(where, NOT_YET):
                after[where] = price
    return min(ends, default=None), after
