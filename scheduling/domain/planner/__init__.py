"""The planner: the best lawful layout of one series, proved against brute force. See `plan.plan_series`."""

from scheduling.domain.planner.impossible import WOULD_HELP
from scheduling.domain.planner.plan import layout_of, plan_series
from scheduling.domain.planner.problem import (
    Candidate,
    Impossible,
    Layout,
    Objective,
    Plan,
    Preferred,
    SeriesProblem,
    Visit,
)

__all__ = [
    "WOULD_HELP",
    "Candidate",
    "Impossible",
    "Layout",
    "Objective",
    "Plan",
    "Preferred",
    "SeriesProblem",
    "Visit",
    "layout_of",
    "plan_series",
]
