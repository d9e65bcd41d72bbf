"""What the desk may read of people: requests, contact, visits in state words, readiness in a word; nothing clinical."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When

from intake.domain.people import Looked
from intake.models import Consent, ConsentDocument, ConsultationRequest, ContactConsent, Patient, SeriesOrder
from intake.queries.duplicates import Likeness, likely_the_same
from intake.queries.names import searched
from pacificmind.accounts.models import User
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.ui.parts import Part, part
from scheduling.models import ACTIVE, Appointment, Kind, Series
from scheduling.queries.finding import alike_in_name, among_many, begun_first, narrowed, with_names

MOST_FOUND = 50
MOST_ALIKE = 10
MOST_COMING, MOST_PAST = 20, 30  # visits on the page of one patient
State = ConsultationRequest.Status
_REQUEST_NAME = searched("given_name", "family_name")
TABS = (State.NEW, State.TRYING, State.BOOKED, State.CLOSED)


# ---- requests -------------------------------------------------------------------------------------------------


def requests_of(user: User) -> QuerySet[ConsultationRequest]:
    """Requests at the user's sites, each with `state`: its status, or booked where a consultation was booked since."""
    booked = Appointment.objects.filter(
        patient=OuterRef("patient"), kind=Kind.CONSULTATION, status__in=ACTIVE, made_at__gte=OuterRef("made_at")
    )
    state = Case(
        When(Q(status__in=(State.NEW, State.TRYING)) & Exists(booked), then=Value(State.BOOKED.value)),
        default=F("status"),
        output_field=CharField(),
    )
    return ConsultationRequest.objects.filter(site__in=user.sites()).annotate(state=state)


def counts(wishes: QuerySet[Any]) -> dict[str, int]:
    """How many requests are in each state."""
    grouped = wishes.order_by().values("state").annotate(many=Count("pk"))
    return {state.value: 0 for state in TABS} | {row["state"]: row["many"] for row in grouped}


def inbox(wishes: QuerySet[ConsultationRequest], state: str) -> QuerySet[ConsultationRequest]:
    """The requests of one state: while they wait those that need a person first, then the oldest; else the newest."""
    order = ("-needs_person", "made_at") if state in (State.NEW, State.TRYING) else ("-made_at",)
    return wishes.filter(Q(state=state)).select_related("site").annotate(tries=Count("attempts")).order_by(*order, "pk")


def matching(wishes: QuerySet[ConsultationRequest], looked: Looked) -> QuerySet[ConsultationRequest]:
    """Requests of the people who are looked for, by the same words as patients are."""
    return narrowed(wishes.annotate(name_folded=_REQUEST_NAME), looked)


def due_at(wish: ConsultationRequest) -> datetime:
    """When somebody should have answered: at once where it needs a person, else within the clinic's hours."""
    if wish.needs_person:
        return wish.made_at
    return wish.made_at + timedelta(hours=ClinicSettings.current().request_response_hours)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A request in the list, with its clock."""

    wish: ConsultationRequest
    due_at: datetime | None
    is_late: bool


def inbox_rows(wishes: Sequence[ConsultationRequest]) -> list[InboxRow]:
    """Rows with the clock of those that wait."""
    hours, present = timedelta(hours=ClinicSettings.current().request_response_hours), now()
    rows = []
    for wish in wishes:
        waits = getattr(wish, "state", wish.status) in (State.NEW, State.TRYING)
        due = (wish.made_at if wish.needs_person else wish.made_at + hours) if waits else None
        rows.append(InboxRow(wish, due, due is not None and due < present))
    return rows


def alike(wish: ConsultationRequest, *, user: User) -> list[Likeness]:
    """Patients who may be the person that asks."""
    return likely_the_same(
        given_name=wish.given_name,
        family_name=wish.family_name,
        birth_on=wish.birth_on,
        email=wish.email,
        phone=str(wish.phone or ""),
        sites=user.sites(),
        without=wish.patient_id,
    )


# ---- patients -------------------------------------------------------------------------------------------------


def patients_of(user: User) -> QuerySet[Patient]:
    """Patients of the user's sites, and those of another site who have a visit at one of them."""
    sites = user.sites()
    visits_here = Appointment.objects.filter(patient=OuterRef("pk"), site__in=sites, status__in=ACTIVE)
    return Patient.objects.filter(Q(site__in=sites) | Exists(visits_here)).select_related("site")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: `many` in all, the first `patients`; `similar` where nobody is written like this.

    `elsewhere`: (name, site) of patients of another site with exactly this telephone and date of birth.
    """

    patients: list[Patient]
    many: int
    similar: bool
    elsewhere: list[Patient]


def find(user: User, looked: Looked) -> Found:
    """Find patients of the user's sites; at most MOST_FOUND, those first whose names begin as was typed."""
    if looked.is_empty:
        return Found([], 0, False, [])
    mine = with_names(patients_of(user))
    exact = among_many(mine, looked)
    many, similar = exact.count(), False
    shown = list(begun_first(exact, looked)[:MOST_FOUND]) if many else []
    if not many and looked.words and not looked.is_one_letter:
        shown = list(alike_in_name(mine, looked)[:MOST_ALIKE])
        many, similar = len(shown), bool(shown)
    return Found(shown, many, similar, _elsewhere(user, looked))


def _elsewhere(user: User, looked: Looked) -> list[Patient]:
    """Who has exactly this telephone and birth date, and is none of the user's patients. The index finds them first."""
    if not looked.is_exact:
        return []
    sites = user.sites()
    here = Appointment.objects.filter(patient=OuterRef("pk"), site__in=sites, status__in=ACTIVE)
    others = Patient.objects.exclude(site__in=sites).exclude(Exists(here)).select_related("site")
    return list(narrowed(others, Looked((), looked.digits, looked.birth_on)).order_by("family_name")[:5])


@dataclass(frozen=True, slots=True)
class Person:
    """What the desk sees of one patient."""

    next_visits: Part[Appointment]
    past_visits: Part[Appointment]
    consents: list[tuple[str, bool]]
    contact: list[tuple[str, bool]]
    wishes: list[ConsultationRequest]
    series: Series | None


def person(patient: Patient, *, user: User, every: bool = False) -> Person:
    """Visits, consents as yes or no, requests of the user's sites, the open series: in a fixed number of queries.

    Of visits the nearest, unless every one is asked for.
    """
    visits = Appointment.objects.filter(patient=patient).select_related("site", "room", "clinician__user")
    moment = now()
    to_come = visits.filter(ends_at__gte=moment, status__in=ACTIVE).order_by("starts_at")
    past = visits.exclude(ends_at__gte=moment, status__in=ACTIVE).order_by("-starts_at")
    wishes = requests_of(user).filter(patient=patient).exclude(status=State.CLOSED).select_related("site")
    return Person(
        next_visits=part(to_come, None if every else MOST_COMING),
        past_visits=part(past, None if every else MOST_PAST),
        consents=_consents(patient.pk),
        contact=_contact(patient.pk),
        wishes=list(wishes.order_by("-made_at")),
        series=Series.objects.filter(patient=patient, status=Series.Status.OPEN).first(),
    )


def order_to_plan(patient: Patient) -> uuid.UUID | None:
    """The newest order that no series was laid out for."""
    orders = SeriesOrder.objects.filter(clearance__patient=patient, series__isnull=True)
    return orders.order_by("-ordered_at").values_list("pk", flat=True).first()


def _consents(patient_id: uuid.UUID) -> list[tuple[str, bool]]:
    current = {doc.kind: doc for doc in ConsentDocument.objects.order_by("version").defer("text")}
    signed = set(
        Consent.objects.filter(patient_id=patient_id, withdrawn_at__isnull=True).values_list("document_id", flat=True)
    )
    return [(ConsentDocument.Kind(kind).label, doc.pk in signed) for kind, doc in sorted(current.items())]


def _contact(patient_id: uuid.UUID) -> list[tuple[str, bool]]:
    rows = ContactConsent.objects.filter(patient_id=patient_id).order_by("at", "id").values_list("channel", "given")
    held = dict(rows)
    return [(channel.label, held.get(channel.value, False)) for channel in ContactConsent.Channel]
