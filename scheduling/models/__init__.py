"""Supply, visits, series."""

from scheduling.models.appointment import ACTIVE, Appointment, Kind, Status
from scheduling.models.deskwork import HandOver, Override, PossibleTimes, Repair
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
from scheduling.models.waiting import CalendarFeed, Offer, Waiting

__all__ = [
    "ACTIVE",
    "Appointment",
    "CalendarFeed",
    "Closure",
    "Deviation",
    "HandOver",
    "Kind",
    "Leave",
    "Offer",
    "OpeningHours",
    "Override",
    "PossibleTimes",
    "Repair",
    "Room",
    "Series",
    "ShiftException",
    "StageRelease",
    "Status",
    "VisitType",
    "Waiting",
    "WeeklyShift",
]
