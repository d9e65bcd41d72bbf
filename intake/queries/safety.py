"""What is known about a patient who may need help now."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from intake.domain.paging import ROUND
from intake.models import Answer, Patient, SafetyAlert, SafetyEvent
from intake.models import Whereabouts as StoredPlace
from intake.queries.intake import latest_intake
from intake.sections import CONTACT
from pacificmind.clock import now
from pacificmind.messaging.models import Message, Status
from pacificmind.messaging.registry import SAFETY_PAGE

SHOWN_FOR = timedelta(hours=12)  # how long the crisis page speaks of an alert as of something just done
PLACE_HOLDS = timedelta(hours=12)  # how long we take it that a patient is where they said they were


@dataclass(frozen=True, slots=True)
class Told:
    """What has truly been done about an answer, for the crisis page: stored, being paged, paged, taken by a person.

    `now` where it is urgent now, not today.
    """

    stored: bool = False
    paging: bool = False
    paged: bool = False
    taken: bool = False
    now: bool = False


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where the patient said they were, and whom to call; empty where they did not say."""

    place: str = ""
    phone: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""
    told_at: datetime | None = None

    @property
    def fresh(self) -> bool:
        """Whether it was told so lately that it is not asked again."""
        return bool(self.place and self.phone) and self.told_at is not None and self.told_at > now() - PLACE_HOLDS


def told(patient_id: uuid.UUID) -> Told:
    """What was done about the patient's most urgent new open alert; nothing is claimed that no row says."""
    alert = _new_ones(patient_id).order_by("-tier", "-raised_at").first()
    if alert is None:
        return Told()
    pages = Message.objects.filter(purpose=SAFETY_PAGE, subject_id=alert.pk, subject_version__gt=alert.round * ROUND)
    states = set(pages.values_list("status", flat=True))
    return Told(
        stored=True,
        paging=bool(states & {Status.OWED, Status.SENDING}),
        paged=Status.SENT in states,
        taken=not alert.waits,
        now=alert.tier == SafetyAlert.Tier.URGENT_2,
    )


def must_see(patient: Patient) -> bool:
    """Whether the crisis page comes before anything else: something the patient answered raised or heightened an alert,
    and they have not gone on from the page that speaks of it.
    """
    return unseen(patient).exists()


def unseen(patient: Patient) -> QuerySet[SafetyAlert]:
    """The new alerts from the patient's own answers whose crisis page they have not gone on from."""
    theirs = Q(by=None) & ~Q(trigger=SafetyAlert.Trigger.STAFF)  # None: the software, and who came by a link
    if patient.user_id is not None:
        theirs |= Q(by=patient.user_id)
    own = SafetyEvent.objects.filter(
        theirs, alert=OuterRef("pk"), kind__in=(SafetyEvent.Kind.RAISED, SafetyEvent.Kind.TIER)
    )
    return _new_ones(patient.pk).filter(Q(seen_tier="") | Q(seen_tier="URGENT-1", tier="URGENT-2"), Exists(own))


def _new_ones(patient_id: uuid.UUID) -> QuerySet[SafetyAlert]:
    since = now() - SHOWN_FOR
    recent = Q(raised_at__gte=since) | Q(tier_raised_at__gte=since)
    return SafetyAlert.objects.open().filter(recent, patient_id=patient_id)


def whereabouts(patient_id: uuid.UUID) -> Whereabouts:
    """What the patient told last, in the intake's first part or when asked again, for whoever holds an alert."""
    found = [_from_intake(patient_id), _told_since(patient_id)]
    return max(found, key=lambda one: one.told_at.timestamp() if one.told_at else 0.0)


def _told_since(patient_id: uuid.UUID) -> Whereabouts:
    row = StoredPlace.objects.filter(patient_id=patient_id).order_by("-told_at").first()
    if row is None:
        return Whereabouts()
    return Whereabouts(row.place, row.phone, row.emergency_name, row.emergency_phone, row.told_at)


def _from_intake(patient_id: uuid.UUID) -> Whereabouts:
    intake = latest_intake(patient_id)
    if intake is None:
        return Whereabouts()
    rows = {
        row.item: row for row in Answer.objects.filter(intake=intake, section=CONTACT, status=Answer.Status.ANSWERED)
    }
    words = {item: str(row.value) for item, row in rows.items()}
    return Whereabouts(
        place=words.get("contact.place", ""),
        phone=words.get("contact.phone", ""),
        emergency_name=words.get("contact.emergency_name", ""),
        emergency_phone=words.get("contact.emergency_phone", ""),
        told_at=max((row.answered_at for row in rows.values()), default=None),
    )
