"""Who waits for an earlier time, and what was offered to them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from django.db.models import Exists, OuterRef, Q, QuerySet

from intake.models import Patient
from pacificmind.accounts.models import Role, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from scheduling.domain.waitlist import Times
from scheduling.domain.walltime import day_of, wall_of
from scheduling.models import Appointment, Closure, Offer, OpeningHours, PossibleTimes, Status, Waiting

MOVABLE = (Status.HELD, Status.BOOKED)
REST = timedelta(hours=12)  # between two offers to the same patient; clinic's setting
WITH = ("patient", "site", "visit__site", "visit__room", "visit__clinician__user", "visit__series__order", "made_by")


@dataclass(frozen=True)
class Line:
    """Somebody on the list with their offers, the newest first."""

    waiting: Waiting
    offers: Sequence[Offer] = field(default=())

    @property
    def open_offer(self) -> Offer | None:
        """The place that is held for them now."""
        return next((one for one in self.offers if one.status == Offer.Status.OPEN and one.expires_at > now()), None)


def waiting_seen_by(user: User) -> QuerySet[Waiting]:
    """The waitlist of the user's sites, a manager's of all; in the order in which offers are made."""
    rows = Waiting.objects.select_related(*WITH).order_by("offers_made", "made_at", "pk")
    return rows if Role.MANAGER in user.roles else rows.filter(site_id__in=user.sites())


def offers_seen_by(user: User) -> QuerySet[Offer]:
    """Offers at the user's sites."""
    return Offer.objects.select_related("waiting__visit__site").filter(waiting__site_id__in=user.sites())


def lines(waiting: Sequence[Waiting]) -> list[Line]:
    """The rows with their offers: one more query."""
    rows = Offer.objects.filter(waiting__in=list(waiting)).select_related("room", "clinician__user")
    ordered = rows.order_by("waiting_id", "-made_at", "pk")
    offers = {key: list(group) for key, group in groupby(ordered, key=lambda one: one.waiting_id)}
    return [Line(one, offers.get(one.pk, [])) for one in waiting]


def line_of(visit: Appointment) -> Line | None:
    """The open wish for an earlier time than this visit; None where nobody waits."""
    found = Waiting.objects.select_related(*WITH).filter(visit=visit, status=Waiting.Status.WAITING).first()
    return lines([found])[0] if found else None


def in_turn() -> QuerySet[Waiting]:
    """Who may be offered a place now, in fair order: fewest offers so far, then longest waiting.

    Not those who had an offer a short while ago: whoever says no is not asked about the next quarter of an hour.
    """
    recent = Q(status=Offer.Status.OPEN) | Q(made_at__gt=now() - REST)
    asked = Offer.objects.filter(recent, waiting__patient=OuterRef("patient"))
    rows = Waiting.objects.filter(
        status=Waiting.Status.WAITING,
        visit__status__in=MOVABLE,
        visit__starts_at__gt=now(),
        patient__status=Patient.Status.ACTIVE,
    )
    return rows.filter(~Exists(asked)).select_related(*WITH).order_by("offers_made", "made_at", "pk")


def stands(visit: Appointment, offer: Offer) -> bool:
    """Whether the visit is still the one that the offer was made for, and can be moved to it."""
    return (
        visit.version == offer.version
        and visit.status in MOVABLE
        and visit.starts_at > now()
        and offer.starts_at < visit.starts_at
        and visit.patient.status == Patient.Status.ACTIVE
    )


def wishes_of(waiting: Waiting) -> list[Times]:
    """What the patient said for this visit, and when they can come at all."""
    said = Times(frozenset(waiting.weekdays), waiting.from_time, waiting.until_time)
    known = PossibleTimes.objects.filter(patient_id=waiting.patient_id).first()
    if known is None:
        return [said]
    return [said, Times(frozenset(known.weekdays), known.from_time, known.until_time, frozenset(known.not_on))]


def days_offered(waiting: Waiting) -> set[date]:
    """Days on which a time was offered to them already, whatever became of it: none is offered twice by itself."""
    starts = Offer.objects.filter(waiting=waiting).values_list("starts_at", flat=True)
    return {day_of(start, waiting.site.tz) for start in starts}


def has_open_offer(patient_id: uuid.UUID) -> bool:
    """Whether a place is held for this patient: one offer at a time."""
    return Offer.objects.filter(waiting__patient_id=patient_id, status=Offer.Status.OPEN).exists()


def works_now(site: Site) -> bool:
    """Whether somebody is at the site's telephone: inside its opening hours, and it is not closed."""
    at = now()
    wall = wall_of(at, site.tz)
    if Closure.objects.filter(site=site, room__isnull=True, starts_at__lte=at, ends_at__gt=at).exists():
        return False
    hours = OpeningHours.objects.filter(site=site, weekday=wall.weekday(), opens__lte=wall.time())
    return any(row.closes > wall.time() or not (row.closes.hour or row.closes.minute) for row in hours)


def is_offered(visit: Appointment) -> bool:
    """Whether the place of a visit is kept for somebody who waits: the database's law knows nothing of offers."""
    meets = Q(
        clinician=visit.clinician_id,
        lanes__overlap=visit.lanes,
        starts_at__lt=visit.ends_at,
        ends_at__gt=visit.starts_at,
    )
    if visit.room_id is not None:
        free_at = visit.room_free_at or visit.ends_at
        meets |= Q(room=visit.room_id, starts_at__lt=free_at, room_free_at__gt=visit.starts_at)
    return Offer.objects.filter(meets, status=Offer.Status.OPEN, expires_at__gt=now()).exists()
