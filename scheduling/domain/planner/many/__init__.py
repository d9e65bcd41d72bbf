"""Many series at once on shared rooms and clinicians, by ruin and recreate around the exact single answer."""

from scheduling.domain.planner.many.place import SECONDS, Placed, Placement, first_fit, place_many
from scheduling.domain.planner.many.shared import LaneInUse, Shared

__all__ = ["SECONDS", "LaneInUse", "Placed", "Placement", "Shared", "first_fit", "place_many"]
