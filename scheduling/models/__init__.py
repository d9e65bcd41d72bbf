"""Supply, visits, series."""

from scheduling.models.appointment import ACTIVE, Appointment, Kind, Status
from scheduling.models.series import Deviation, Series, StageRelease
from scheduling.models.supply import (
    Closure,
    Leave,
    OpeningHours,
    Room,
    ShiftException,
    VisitType,
    WeeklyShift,
)

__all__ = [
    "ACTIVE",
    "Appointment",
    "Closure",
    "Deviation",
    "Kind",
    "Leave",
    "OpeningHours",
    "Room",
    "Series",
    "ShiftException",
    "StageRelease",
    "Status",
    "VisitType",
    "WeeklyShift",
]
