"""What a repair has to look at: the visits that are hit, all else of their patients, repairs that were made."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from pacificmind.ui.parts import Part, part
from scheduling.domain.repair import Absence
from scheduling.domain.walltime import wall_of
from scheduling.models import (
    ACTIVE,
    Appointment,
    Closure,
    Leave,
    PossibleTimes,
    Repair,
    Series,
    Status,
)
from scheduling.queries.visits import sites_seen_by, with_names

MOVABLE = (Status.HELD, Status.BOOKED)
TO_FIND = (TaskKind.VISIT_TO_MOVE, TaskKind.VISIT_UNLAWFUL)
RECENT = timedelta(days=2)
MOST = 100  # patients repaired together
MOST_SHOWN = 20  # repairs of the last days


@dataclass(frozen=True)
class Scope:
    """What one repair is about: why, the visits whose time or place is gone, a series to bring back to its order."""

    cause: Repair.Cause
    sites: frozenset[str]  # of whoever repairs
    hit: Sequence[Appointment] = ()
    fill: Series | None = None
    absence: Absence | None = None  # entered together with the repair

    @property
    def patients(self) -> list[uuid.UUID]:
        """Whose visits they are, by the first visit that is hit; at most MOST."""
        return self._everybody()[:MOST]

    @property
    def beyond(self) -> int:
        """How many patients more there are."""
        return max(len(self._everybody()) - MOST, 0)

    def _everybody(self) -> list[uuid.UUID]:
        found = [visit.patient_id for visit in sorted(self.hit, key=lambda one: (one.starts_at, one.pk))]
        return list(dict.fromkeys([*found, *([self.fill.patient_id] if self.fill else [])]))


def sites_of(user: User) -> frozenset[str]:
    """The sites at which the user may repair: a manager at all."""
    return frozenset(site.pk for site in sites_seen_by(user))


def coming(user: User) -> QuerySet[Appointment]:
    """Visits at the user's sites that have not begun and can be moved."""
    return with_names(
        Appointment.objects.filter(site_id__in=sites_of(user), status__in=MOVABLE, starts_at__gt=now())
    ).order_by("starts_at", "pk")


def _in(visits: QuerySet[Appointment], starts_at: datetime, ends_at: datetime) -> list[Appointment]:
    return list(visits.filter(starts_at__lt=ends_at, ends_at__gt=starts_at))


def of_leave(user: User, leave: Leave) -> Scope:
    """Visits that a leave hits."""
    hit = _in(coming(user).filter(clinician_id=leave.clinician_id), leave.starts_at, leave.ends_at)
    return Scope(Repair.Cause.CLINICIAN, sites_of(user), hit)


def of_closure(user: User, closure: Closure) -> Scope:
    """Visits that a closure of a site or room hits; a video visit needs neither."""
    theirs = coming(user).filter(Q(room_id=closure.room_id) if closure.room_id else Q(site_id=closure.site_id))
    hit = _in(theirs.filter(telehealth=False), closure.starts_at, closure.ends_at)
    return Scope(Repair.Cause.ROOM if closure.room_id else Repair.Cause.SITE, sites_of(user), hit)


def of_absence(user: User, absence: Absence) -> Scope:
    """Visits that are hit when somebody or something is not there."""
    if absence.clinician:
        cause, theirs = Repair.Cause.CLINICIAN, coming(user).filter(clinician_id=absence.clinician)
    elif absence.room:
        cause, theirs = Repair.Cause.ROOM, coming(user).filter(room_id=absence.room, telehealth=False)
    else:
        cause, theirs = Repair.Cause.SITE, coming(user).filter(site_id=absence.site, telehealth=False)
    return Scope(cause, sites_of(user), _in(theirs, absence.gone.start, absence.gone.end), absence=absence)


def of_series(user: User, series: Series) -> Scope:
    """A series that lacks a visit, with those of it that have to go."""
    hit = with_open_task(coming(user).filter(series=series))
    return Scope(Repair.Cause.MISSED, sites_of(user), list(hit), series)


def of_visit(user: User, visit: Appointment) -> Scope:
    """One visit that has to go; or, where it was missed or cancelled, its series."""
    if visit.status in MOVABLE:
        return Scope(Repair.Cause.CLINICIAN, sites_of(user), list(coming(user).filter(pk=visit.pk)))
    return of_series(user, visit.series) if visit.series else Scope(Repair.Cause.MISSED, sites_of(user))


def of_patient(user: User, patient: Patient) -> Scope:
    """The patient's visits at which they cannot come, by the possible times that are kept."""
    times = PossibleTimes.objects.filter(patient=patient).first()
    visits = coming(user).filter(patient=patient)
    return Scope(Repair.Cause.PATIENT, sites_of(user), [one for one in visits if times and not suits(times, one)])


def of_waiting(user: User) -> Scope:
    """All visits at the user's sites that wait for another time."""
    return Scope(Repair.Cause.CLINICIAN, sites_of(user), list(with_open_task(coming(user))))


def is_movable(visit: Appointment) -> bool:
    """Whether it has not begun and can be moved."""
    return visit.status in MOVABLE and visit.starts_at > now()


def with_open_task(visits: QuerySet[Appointment], *kinds: TaskKind) -> QuerySet[Appointment]:
    """Those of the visits about which a task to find another time is open."""
    tasks = Task.objects.filter(subject_id=OuterRef("pk"), kind__in=kinds or TO_FIND, done_at__isnull=True)
    return visits.filter(Exists(tasks))


def suits(times: PossibleTimes, visit: Appointment) -> bool:
    """Whether the patient can come to the visit."""
    return possible_at(times, wall_of(visit.starts_at, visit.site.tz))


def possible_at(times: PossibleTimes | None, wall: datetime) -> bool:
    """Whether the patient can come at this wall time."""
    if times is None:
        return True
    at = wall.time()
    return (
        (not times.weekdays or wall.weekday() in times.weekdays)
        and (times.from_time is None or at >= times.from_time)
        and (times.until_time is None or at < times.until_time)
        and wall.date() not in times.not_on
    )


def active_of(patients: Iterable[uuid.UUID]) -> list[Appointment]:
    """All active visits of these patients, past ones included, by time."""
    visits = with_names(Appointment.objects.filter(patient_id__in=list(patients), status__in=ACTIVE))
    return list(visits.select_related("series__site").order_by("starts_at", "pk"))


def leaves_seen_by(user: User) -> QuerySet[Leave]:
    """Leaves of clinicians who work at the user's sites or are booked there."""
    booked = Appointment.objects.filter(clinician=OuterRef("clinician"), site_id__in=sites_of(user))
    works = Q(clinician__weeklyshift__site_id__in=sites_of(user)) | Exists(booked)
    return Leave.objects.filter(works).select_related("clinician__user").distinct()


def closures_seen_by(user: User) -> QuerySet[Closure]:
    """Closures of the user's sites."""
    return Closure.objects.filter(site_id__in=sites_of(user)).select_related("site", "room")


def away_soon(user: User) -> tuple[list[Leave], list[Closure]]:
    """Leaves and closures that are not over and hit a visit to come at the user's sites."""
    visits = Appointment.objects.filter(
        site_id__in=sites_of(user),
        status__in=MOVABLE,
        starts_at__gt=now(),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    leaves = Leave.objects.filter(Exists(visits.filter(clinician=OuterRef("clinician"))), ends_at__gt=now())
    here = visits.filter(telehealth=False, site=OuterRef("site"))
    closures = closures_seen_by(user).filter(
        Q(room__isnull=True) & Exists(here) | Exists(here.filter(room=OuterRef("room"))), ends_at__gt=now()
    )
    return (
        list(leaves.select_related("clinician__user").order_by("starts_at", "pk")),
        list(closures.order_by("starts_at", "pk")),
    )


def repairs_seen_by(user: User) -> QuerySet[Repair]:
    """Repairs of the user's sites, newest first."""
    return Repair.objects.filter(site_id__in=sites_of(user)).select_related("site", "made_by", "undone_by")


def recent_repairs(user: User, *, every: bool = False) -> Part[Repair]:
    """Those of the last days."""
    found = repairs_seen_by(user).filter(made_at__gt=now() - RECENT)
    found = found.prefetch_related("leaves__clinician__user", "closures__room", "closures__site")
    return part(found, None if every else MOST_SHOWN)


def visits_of(repair: Repair) -> list[Appointment]:
    """The visits a repair changed or had to leave, as they are now, by patient and time."""
    visits = with_names(Appointment.objects.filter(pk__in={*repair.before, *repair.after}))
    return list(visits.order_by("patient__family_name", "patient_id", "starts_at", "pk"))


def messages_of(repair: Repair) -> QuerySet[Message]:
    """What patients are owed about a repair."""
    return Message.objects.filter(subject_id=repair.pk, subject_type=Repair._meta.label_lower)
