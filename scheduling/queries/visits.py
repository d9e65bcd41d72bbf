"""Visits as the front desk reads them: scoped to the sites of whoever looks, in a fixed number of queries."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from intake.domain.people import look
from intake.models import BoosterOrder, Patient
from intake.queries.standing import Readiness
from intake.queries.standing_bulk import readiness_of
from pacificmind.accounts.models import Role, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.prepared import Prepared, Told, among
from scheduling.models import Appointment, Kind, Series, Status
from scheduling.models.appointment import TREATMENTS, Fasted
from scheduling.queries import finding

LATE_AFTER = timedelta(minutes=10)  # clinic's setting
COMING = (Status.HELD, Status.BOOKED)
HERE = (Status.ARRIVED, Status.CHECKED_IN)
NOT_COMING = (Status.CANCELLED, Status.NOSHOW)


def sites_seen_by(user: User) -> list[Site]:
    """The sites whose calendars the user may read, by name: their own; a manager all (DESIGN 7)."""
    return _EVERY_SITE() if Role.MANAGER in user.roles else _SITES_AMONG(sites=list(user.sites()))


_EVERY_SITE = Prepared(lambda: Site.objects.order_by("name"))
_SITES_AMONG = Prepared(lambda: Site.objects.filter(among("pk", "sites")).order_by("name"))


def visits_seen_by(user: User) -> QuerySet[Appointment]:
    """Visits at the user's sites, with everything a page names; another site's visit is not among them."""
    visits = with_names(Appointment.objects.all())
    return visits if Role.MANAGER in user.roles else visits.filter(site_id__in=user.sites())


def patients_seen_by(user: User) -> QuerySet[Patient]:
    """Patients of the user's sites, and those who have or had a visit or a series there."""
    sites = user.sites()
    visit = Appointment.objects.filter(patient=OuterRef("pk"), site_id__in=sites)
    series = Series.objects.filter(patient=OuterRef("pk"), site_id__in=sites)
    return Patient.objects.filter(Q(site_id__in=sites) | Exists(visit) | Exists(series)).select_related("site")


def patient_seen_by(user: User, patient_id: uuid.UUID) -> Patient | None:
    """One of `patients_seen_by`."""
    return _PATIENT_AMONG.first(patient=patient_id, sites=list(user.sites()))


def _patient_among() -> QuerySet[Patient]:
    here = among("site", "sites")
    visit = Appointment.objects.filter(here, patient=OuterRef("pk"))
    series = Series.objects.filter(here, patient=OuterRef("pk"))
    mine = Patient.objects.filter(pk=Told("patient")).filter(Q(here) | Exists(visit) | Exists(series))
    return mine.select_related("site")


_PATIENT_AMONG = Prepared(_patient_among)


def find_patients(user: User, words: str, *, most: int = 20) -> list[Patient]:
    """Active patients of the user's sites, found as on the patients' page; at most `most`."""
    looked = look(words.replace("\x00", " "), today=now().date())
    if looked.is_empty:
        return []
    active = finding.with_names(patients_seen_by(user).filter(status=Patient.Status.ACTIVE))
    exact = finding.begun_first(finding.among_many(active, looked), looked)
    by_likeness = bool(looked.words) and not looked.is_one_letter
    return list(exact[:most]) or list(finding.alike_in_name(active, looked)[:most] if by_likeness else [])


def with_names(visits: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """The visits with patient, site, room, clinician and order."""
    return visits.select_related("patient", "site", "room", "clinician__user", "series__order", "booster_order")


def visits_of_days(site: Site, from_day: date, until_day: date) -> list[Appointment]:
    """All visits at a site on the days [from_day, until_day) but those entered in error, by time."""
    visits = with_names(Appointment.objects.filter(site=site, day__gte=from_day, day__lt=until_day))
    return list(visits.exclude(status=Status.ENTERED_IN_ERROR).order_by("starts_at", "room__name", "pk"))


@dataclass(frozen=True)
class Shown:
    """A visit with what the front desk may know of it. `late`: it should have begun, and nobody came.

    `looks`: a clinician still has to look at answers given before it.
    """

    visit: Appointment
    readiness: Readiness | None
    late: bool
    looks: bool = False

    @property
    def what(self) -> str:
        """Such as "Infusion, 4 of 6", "Consultation, video"."""
        return what_words(self.visit)

    @property
    def asks(self) -> bool:
        """Whether a clinician has to be asked before this visit; before a held one always (P8)."""
        return self.readiness is not None and not self.ready and self.visit.is_active

    @property
    def ready(self) -> bool:
        """Whether nobody has to be asked any more: a held visit never is."""
        ready = self.readiness is not None and self.readiness.clinician_says_ready
        return ready and not self.looks and self.visit.status != Status.HELD and self.visit.fasted != Fasted.NO

    @property
    def needs_escort(self) -> bool:
        """Whether somebody has to take the patient home afterwards."""
        return self.visit.kind in TREATMENTS

    @property
    def state(self) -> str:
        """Key of the status tag; an infusion under way is told apart from one that is only checked in."""
        return "under-way" if under_way(self.visit) else self.visit.status


def under_way(visit: Appointment) -> bool:
    """Whether it was started and is not over."""
    return visit.status == Status.CHECKED_IN and visit.started_at is not None


def what_words(visit: Appointment) -> str:
    """The kind of a visit with its number in the series, or that it is by video."""
    words = str(Kind(visit.kind).label)
    if visit.number and visit.series is not None:
        return f"{words}, {visit.number} of {visit.series.order.infusions}"
    return f"{words}, video" if visit.telehealth else words


def shown(visits: Sequence[Appointment], *, at: datetime) -> list[Shown]:
    """The visits with readiness and lateness at the instant `at`: one more query."""
    treated = [visit for visit in visits if visit.kind in TREATMENTS and visit.is_active]
    ready = readiness_of(treated)
    return [
        Shown(
            visit,
            ready.get(visit.pk),
            late=visit.status in COMING and visit.starts_at + LATE_AFTER < at,
            looks=visit.pk in ready and ready[visit.pk].looks,
        )
        for visit in visits
    ]


def open_series(patient_id: uuid.UUID) -> Series | None:
    """The patient's open series, with its order and site."""
    return _OPEN_SERIES.first(patient=patient_id)


_OPEN_SERIES = Prepared(
    lambda: Series.objects.select_related("order", "site").filter(
        patient=Told("patient"), status=Series.Status.OPEN
    )  # at most one: one_open_series_a_patient
)
_OPEN_ORDER = Prepared(
    lambda: BoosterOrder.objects.filter(patient=Told("patient"), status=BoosterOrder.Status.OPEN).order_by("pk")[:1]
)


def open_booster_order(patient_id: uuid.UUID) -> BoosterOrder | None:
    """The patient's running booster order."""
    return _OPEN_ORDER.first(patient=patient_id)


def patient_ids(visits: Iterable[Appointment]) -> list[uuid.UUID]:
    """Whose visits are shown: what the audit is told."""
    return list(dict.fromkeys(visit.patient_id for visit in visits))
