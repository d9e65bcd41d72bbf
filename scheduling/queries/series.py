"""Series as pages read them: always limited to the sites of whoever looks, in a fixed number of queries."""

import uuid
from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from intake.domain.people import Looked, folded
from intake.models import BoosterOrder, Clearance, Patient, Questionnaire, SeriesOrder
from intake.queries.names import searched
from intake.queries.standing import CLEARED
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as MessageStatus
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from scheduling.models import ACTIVE, Appointment, Deviation, Override, Series, Status
from scheduling.queries import finding

REVIEWS = (TaskKind.SERIES_REVIEW, TaskKind.PAUSE_REVIEW)
SHOWN_SCORES = 12


def orders_seen_by(user: User) -> QuerySet[SeriesOrder]:
    """Orders of patients of the user's sites, and those decided for one of these sites."""
    sites = user.sites()
    decided = Clearance.objects.filter(pk=OuterRef("clearance"), sites__in=sites)
    return SeriesOrder.objects.filter(Q(clearance__patient__site_id__in=sites) | Exists(decided)).select_related(
        "clearance__patient__site"
    )


def orders_to_lay_out(user: User) -> QuerySet[SeriesOrder]:
    """Orders without a series under the decision that governs now, oldest first."""
    newer = Clearance.objects.filter(
        patient=OuterRef("clearance__patient"), signed_at__gt=OuterRef("clearance__signed_at")
    )
    return (
        orders_seen_by(user)
        .filter(
            ~Exists(newer),
            series__isnull=True,
            clearance__decision__in=CLEARED,
            clearance__withdrawn_at__isnull=True,
            clearance__until_on__gte=now().date(),
            clearance__patient__status=Patient.Status.ACTIVE,
        )
        .order_by("ordered_at", "pk")
    )


def series_seen_by(user: User) -> QuerySet[Series]:
    """Series at the user's sites, with what a page names."""
    return Series.objects.filter(site_id__in=user.sites()).select_related("patient__site", "site", "order")


def open_series(user: User) -> QuerySet[Series]:
    """Open series with `next_at`, `next_visit`, `done`, `planned`, `held`, `review_due_at`; the next visit first."""
    coming = Appointment.objects.filter(
        series=OuterRef("pk"), status__in=ACTIVE, ends_at__gt=now(), finished_at__isnull=True
    ).order_by("starts_at")
    review = Task.objects.filter(subject_id=OuterRef("pk"), kind__in=REVIEWS, done_at__isnull=True).order_by("due_at")
    return (
        series_seen_by(user)
        .filter(status=Series.Status.OPEN)
        .annotate(
            next_at=Subquery(coming.values("starts_at")[:1]),
            next_visit=Subquery(coming.values("pk")[:1]),
            review_due_at=Subquery(review.values("due_at")[:1]),
            done=Count("visits", filter=Q(visits__status=Status.FULFILLED)),
            planned=Count("visits", filter=Q(visits__status__in=ACTIVE)),
            held=Count("visits", filter=Q(visits__status=Status.HELD)),
        )
        .order_by("next_at", "pk")
    )


def over(user: User) -> QuerySet[Series]:
    """Completed and closed series, the latest first, with `done`."""
    return (
        series_seen_by(user)
        .exclude(status=Series.Status.OPEN)
        .annotate(done=Count("visits", filter=Q(visits__status=Status.FULFILLED)))
        .order_by("-closed_at", "pk")
    )


def named(rows: QuerySet[Series], words: str) -> QuerySet[Series]:
    """Those whose patient's name holds each of the words, as on the patients' page."""
    name = searched("patient__given_name", "patient__family_name", "patient__preferred_name")
    looked = Looked(tuple(folded(words).split()[:6]))
    return finding.narrowed(rows.alias(name_folded=name), looked)


def deviations_of(series: Series) -> list[Deviation]:
    """The weeks with fewer than two visits, each with who gave the reason."""
    return list(series.deviations.select_related("by").order_by("week"))


def overrides_of(series: Series) -> list[Override]:
    """Visits of the series placed outside the hours or at short notice, with who and why."""
    return list(Override.objects.filter(visit__series=series).select_related("visit__site", "by").order_by("at"))


def visits_of(series: Series) -> list[Appointment]:
    """All visits of a series by time, cancelled and missed ones included, with room and clinician."""
    visits = Appointment.objects.filter(series=series).exclude(status=Status.ENTERED_IN_ERROR)
    named = visits.select_related("patient", "room", "clinician__user", "site", "series__order", "booster_order")
    return list(named.order_by("starts_at", "pk"))


def messages_owed(subjects: Iterable[uuid.UUID]) -> list[Message]:
    """What the patient is still to get about these visits and plans, the next one first."""
    owed = Message.objects.filter(subject_id__in=list(subjects), status__in=(MessageStatus.OWED, MessageStatus.SENDING))
    return list(owed.order_by("due_at", "purpose"))


def open_reviews(series: Series) -> list[Task]:
    """The reviews that wait for a prescriber."""
    return list(Task.objects.filter(subject_id=series.pk, kind__in=REVIEWS, done_at__isnull=True).order_by("due_at"))


def scores_of(patient_id: uuid.UUID, instrument: str = "PHQ-9") -> list[Questionnaire]:
    """The patient's latest scores of an instrument, oldest first. For clinicians' pages only."""
    rows = Questionnaire.objects.filter(patient_id=patient_id, instrument=instrument, amended_by__isnull=True)
    latest = rows.order_by("-answered_at")
    return list(reversed(latest[:SHOWN_SCORES]))


def running_booster_order(patient_id: uuid.UUID) -> BoosterOrder | None:
    """The order that waits or runs; else the newest."""
    orders = BoosterOrder.objects.filter(patient_id=patient_id).select_related("patient__site")
    live = orders.filter(status__in=(BoosterOrder.Status.WAITING, BoosterOrder.Status.OPEN)).first()
    return live or orders.order_by("-ordered_at").first()
