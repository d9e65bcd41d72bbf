"""Reading inquiries: by their link, of a visit, of a patient; and the occasion they are asked on."""

import hashlib
import json
import uuid
from collections.abc import Collection, Iterable

from intake.domain import inquiry as domain
from intake.domain.inquiry import Occasion
from intake.models import Answer, AsqSitting, Inquiry, Intake, Questionnaire
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.prepared import Prepared, Told, among

ANSWERED = ("complete", "prorated")
PTSD = "ptsd"
TRIES = 3  # wrong dates of birth, then the link is dead
SITTING = "asq.sitting"  # in the answers: which sitting of the suicide screen belongs to it


def of_token(token: str) -> Inquiry | None:
    """The inquiry of a link, whatever has become of it."""
    rows = Inquiry.objects.select_related("patient__site", "patient__user", "site")
    return rows.filter(token_hash=hashlib.sha256(token.encode()).hexdigest()).first()


def own(user: User, inquiry_id: uuid.UUID) -> Inquiry | None:
    """One of the user's own."""
    rows = Inquiry.objects.select_related("patient__site", "patient__user", "site")
    return rows.filter(pk=inquiry_id, patient__user=user).first()


def is_open(row: Inquiry) -> bool:
    """Whether it can still be answered."""
    return row.ended_at is None and row.sent_at is None and is_in_time(row)


def is_in_time(row: Inquiry) -> bool:
    """Whether it has begun to be asked and is not too old."""
    return row.opens_at <= now() < row.expires_at


def mark_of(row: Inquiry) -> str:
    """A mark of everything that is answered: a page that shows it says later at what somebody looked."""
    told = json.dumps([row.done, row.red, row.answers], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def link_is_open(row: Inquiry) -> bool:
    """Whether its link still leads to it. In the portal it is open all the same: there they are known."""
    return is_open(row) and row.tries < TRIES


def next_part(row: Inquiry) -> str | None:
    """The first part that is not answered; before anything was, the first of those that will be asked."""
    parts = row.parts if row.begun_at is not None or not row.parts else domain.parts_for(occasion_of(row))
    return next((part for part in parts if part not in row.done), None)


def planned_parts(row: Inquiry) -> list[str]:
    """All its parts in order."""
    return list(row.parts if row.begun_at is not None or not row.parts else domain.parts_for(occasion_of(row)))


def sitting_of(row: Inquiry) -> AsqSitting | None:
    """The sitting of the suicide screen that belongs to an inquiry, once a question of it was answered."""
    known = row.answers.get(SITTING)
    return AsqSitting.objects.filter(pk=known, patient_id=row.patient_id).first() if known else None


def before(visit_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Inquiry]:
    """The latest inquiry before each visit in which anything was answered."""
    rows = Inquiry.objects.filter(visit_id__in=visit_ids, kind=Inquiry.Kind.BEFORE, begun_at__isnull=False)
    return {row.visit_id: row for row in rows.order_by("begun_at")}


def of_visit(visit_id: uuid.UUID, version: int) -> Inquiry | None:
    """The inquiry before a visit as it stands now."""
    return _OF_VISIT.first(visit=visit_id, version=version)


_OF_VISIT = Prepared(
    lambda: Inquiry.objects.filter(
        visit_id=Told("visit"), kind=Inquiry.Kind.BEFORE, visit_version=Told("version")
    ).order_by("pk")[:1]  # at most one is made for a version
)


def of_visits(visit_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, int], Inquiry]:
    """The inquiries before many visits, by visit and its version, in one query."""
    return {(row.visit_id, row.visit_version): row for row in _OF_VISITS(visits=list(visit_ids))}


_OF_VISITS = Prepared(lambda: Inquiry.objects.filter(among("visit_id", "visits"), kind=Inquiry.Kind.BEFORE))


def waits_for_a_look(visit_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Visits before which something was answered that no clinician has looked at yet."""
    wanted = list(visit_ids)
    found = before(wanted).values() if wanted else ()
    return {row.visit_id for row in found if domain.waits_for_a_look(row.red, looked=row.looked_at is not None)}


def check_in_open(patient_id: uuid.UUID) -> Inquiry | None:
    """The check-in that a patient can answer now, the newest."""
    rows = Inquiry.objects.filter(patient_id=patient_id, kind=Inquiry.Kind.AFTER, opens_at__lte=now())
    return rows.filter(ended_at__isnull=True, sent_at__isnull=True, expires_at__gt=now()).order_by("-opens_at").first()


def check_ins_after(visit_id: uuid.UUID) -> list[Inquiry]:
    """The check-ins that count from a visit and wait to be asked."""
    rows = Inquiry.objects.filter(visit_id=visit_id, kind=Inquiry.Kind.AFTER, ended_at__isnull=True)
    return list(rows.filter(sent_at__isnull=True, opens_at__gt=now()).order_by("days_after"))


def check_ins_of(patient_id: uuid.UUID, *, most: int = 20) -> list[Inquiry]:
    """Check-ins in which something was answered, newest first."""
    rows = Inquiry.objects.filter(patient_id=patient_id, kind=Inquiry.Kind.AFTER, begun_at__isnull=False)
    return list(rows.select_related("looked_by").order_by("-opens_at")[:most])


def occasion_of(row: Inquiry) -> Occasion:
    """What decides which parts are asked."""
    reference = row.expires_at if row.kind == Inquiry.Kind.BEFORE else now()
    last = (
        Questionnaire.objects.filter(patient_id=row.patient_id, instrument="PHQ-9", status__in=ANSWERED)
        .order_by("-answered_at")
        .values_list("answered_at", flat=True)
        .first()
    )
    own_visit = Inquiry.objects.filter(visit_id=row.visit_id, kind=Inquiry.Kind.AFTER, opens_at__lt=row.opens_at)
    return Occasion(
        days_after=row.days_after,
        since_phq9=reference - last if last is not None else None,
        ptsd=is_on_ptsd_track(row.patient_id),
        treatments=row.treatments,
        first=not own_visit.exists(),
    )


def is_on_ptsd_track(patient_id: uuid.UUID) -> bool:
    """Whether the patient asked for help with PTSD, or has a PCL-5 on record."""
    if Questionnaire.objects.filter(patient_id=patient_id, instrument="PCL-5").exists():
        return True
    newest = Intake.objects.filter(patient_id=patient_id, submitted_at__isnull=False).order_by("-number").first()
    if newest is None:
        return False
    told = Answer.objects.filter(intake=newest, item="reason.indications", status=Answer.Status.ANSWERED).first()
    asked = told is not None and isinstance(told.value, list) and PTSD in told.value
    return asked or Answer.objects.filter(intake=newest, item__startswith="pcl5.").exists()
