"""The fewest deviations, visits changed and series weeks of any lawful set of days, in time linear in days."""

from __future__ import annotations

from dataclasses import dataclass

from scheduling.domain.planner.steps import CHANGED, Shared, Steps
from scheduling.domain.policy import WEEK

#: Placed so far, new days of this week, shared days.
Where = tuple[int, int, Shared]
#: Deviations, visits changed and weeks so far, as one number: no digit carries within some thousand days.
Price = int
THIN, MANY, ONE_WEEK = 1 << 32, 1 << 16, 1
NOT_YET = 1 << 64


@dataclass(frozen=True, slots=True)
class Fewest:
    """The first parts of the objective, in this order."""

    deviations: int
    changed: int
    weeks: int


def fewest_weeks(steps: Steps) -> Fewest | None:
    """The least (deviations, visits changed, series weeks) of any lawful set of days; None when there is none."""
    best = min((_fewest_from(steps, start) for start in phases(steps)), default=NOT_YET)
    return None if best == NOT_YET else Fewest(best // THIN, best % THIN // MANY, best % MANY)


def phases(steps: Steps) -> list[int]:
    """Where weeks of each phase may first begin."""
    openers = steps.problem.openers
    first = (openers & -openers).bit_length() - 1
    return [first + day for day in range(WEEK)] if openers else []


def _fewest_from(steps: Steps, first: int) -> Price:
    best = NOT_YET
    layer: dict[Where, Price] = {}
    problem = steps.problem
    for start in range(first, max(problem.possible.bit_length(), problem.series.bit_length()), WEEK):
        if steps.may_open(start):
            layer[0, 0, steps.nothing_shared] = 0
        end, layer = _next_week(steps, layer, start)
        best = min(best, end)
        layer = {where: price for where, price in layer.items() if price < best}
    return best


def _next_week(steps: Steps, layer: dict[Where, Price], start: int) -> tuple[Price, dict[Where, Price]]:
    """The least price of a series that ends in the week from `start`, and the prices of those that go on."""
    end, after = NOT_YET, dict[Where, Price]()
    missing = steps.problem.missing
    for (placed, before, shared), so_far in layer.items():
        for days, size, cost, is_thin, now in steps.after(before, shared, start):
            if placed + size > missing or (not so_far and not steps.opens(days, start)):
                continue
            price = so_far + ONE_WEEK + MANY * (cost // CHANGED)
            if placed + size == missing and steps.may_end(days, start):
                end = min(end, price)
            price += THIN * is_thin
            where = (placed + size, days, now)
            if price < after.get(where, NOT_YET):
                after[where] = price
    return end, after
