"""Steps of a series as the clinic takes them, at the times it takes them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine

from intake.models import BoosterOrder, Questionnaire, SeriesOrder
from pacificmind.accounts.models import Clinician, User
from pacificmind.clock import now
from scheduling.models import Appointment, Series
from scheduling.services import door, planning
from scheduling.services import series as services
from scheduling.services.planning import Wishes
from scheduling.services.series import Slot
from tests import cast


def at(day: date, hour: int = 8, minute: int = 0) -> datetime:
    """An instant at the sites' wall clock."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(cast.ZONE)).astimezone(UTC)


def proposed(order: SeriesOrder, **wishes: Any) -> tuple[Slot, ...]:
    """The slots of the best plan."""
    found = planning.propose(order, site=cast.site(), wishes=Wishes(**wishes))
    assert found.possible, found.say
    return found.choices[0].slots


def laid_out(by: User, order: SeriesOrder, slots: Sequence[Slot] = (), **extra: Any) -> Series:
    """A series of the best plan, or of these slots."""
    return services.lay_out(by=by, order_id=order.pk, site_id="la", slots=slots or proposed(order), **extra)


def visits(series: Series) -> list[Appointment]:
    """All visits by time."""
    return list(Appointment.objects.filter(series=series).order_by("starts_at"))


def states(series: Series) -> str:
    """The statuses in order, a letter each: b booked, h held, f fulfilled, c cancelled, n no-show."""
    return "".join(visit.status[0] for visit in visits(series))


def phq9(who: Any, items: Sequence[int] = (1, 1, 1, 1, 1, 1, 1, 1, 0)) -> Questionnaire:
    """A PHQ-9 of now."""
    return Questionnaire.objects.create(
        patient=who, instrument="PHQ-9", version="1", items=list(items), status="complete", score=sum(items)
    )


def give(visit: Appointment, *, desk: User, doctor: Clinician) -> Appointment:
    """Arrive, check in, begin, complete, on the day."""
    with time_machine.travel(visit.starts_at + timedelta(minutes=1), tick=False):
        visit = door.arrive(by=desk, visit_id=visit.pk, version=visit.version)
        visit = door.check_in(
            by=desk, visit_id=visit.pk, version=visit.version, escort_name="Luis", escort_phone="+12135550190"
        )
        cast.measured(visit, doctor)
        visit = door.begin(by=doctor.user, visit_id=visit.pk, version=visit.version)
    with time_machine.travel(visit.ends_at, tick=False):
        ticked = dict.fromkeys(door.DISCHARGE, True)
        return door.fulfil(by=doctor.user, visit_id=visit.pk, version=visit.version, discharge=ticked)


def give_all(series: Series, *, desk: User, doctor: Clinician) -> None:
    """The whole series, with a release whenever its review is open."""
    while visit := Appointment.objects.filter(series=series, status__in=("booked", "held")).order_by("day").first():
        if visit.status == "held":
            with time_machine.travel(visit.starts_at - timedelta(hours=20), tick=False):
                services.release_stage(by=doctor.user, series_id=series.pk, note="Better.")
            visit.refresh_from_db()
        give(visit, desk=desk, doctor=doctor)


def booster_order(order: SeriesOrder, doctor: Clinician, **extra: Any) -> BoosterOrder:
    """A booster plan with the series order's decision."""
    return BoosterOrder.objects.create(
        patient=order.clearance.patient,
        clearance=order.clearance,
        ordered_by=doctor.user,
        until_on=extra.pop("until_on", now().date() + timedelta(days=175)),
        **extra,
    )
