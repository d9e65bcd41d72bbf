"""Offers of earlier places: a row that holds the place for a time. Made in fair order or by hand, ended once."""

import hashlib
import uuid
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.crypto import salted_hmac

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import Channel, Recipient
from pacificmind.messaging.registry import address_of
from pacificmind.messaging.services import Owed, owe_many, void
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import close_tasks, open_task
from scheduling.domain import errors
from scheduling.models import Appointment, Offer, Waiting
from scheduling.queries import calendar
from scheduling.queries.waitlist import MOVABLE, has_open_offer
from scheduling.services import moving, placing, waitlist_law
from scheduling.services.locks import booking

OFFER = "scheduling.offer"
EARLIER = "earlier-time"  # the purpose of its message
TOKEN_BYTES = 16  # 128 bits
SHORTEST = timedelta(minutes=15)  # a place is offered by hand only where it can be held at least as long
_SALT = "scheduling.waitlist-offer"
_ONE_TICK = 73_107_001  # advisory lock: offers are made by one tick at a time, or the order would not be fair


class Over(errors.BookingRefused):
    """An offer that was answered, withdrawn, or not answered in time."""

    code = "offer-over"
    default_say = "This offer is over. The visit stays as it is."
    default_say_patient = "This time is no longer held for you. Your visit stays as it is."


class NoLonger(errors.BookingRefused):
    """An earlier time that the plan does not allow."""

    code = "earlier-time-not-allowed"
    default_say = "This earlier time does not fit the patient's plan. The visit stays as it is."
    default_say_patient = "We cannot move your visit to this time any more. Your visit stays as it is."


class HasOffer(errors.BookingRefused):
    """One offer a patient at a time."""

    code = "has-offer"
    default_say = "A time is held for this patient already. It has to be answered first."


def held_until(visit: Appointment, starts_at: datetime) -> datetime:
    """Until when a place is held from now on; never so long that a claim would come too late to be booked."""
    notice = timedelta(hours=calendar.visit_type(visit.kind).notice_hours)
    return min(now() + hold(), starts_at - notice)


def hold() -> timedelta:
    """How long a place is held at most."""
    return timedelta(minutes=ClinicSettings.current().offer_minutes)


def make(
    *,
    waiting_id: uuid.UUID,
    starts_at: datetime,
    by: User | None = None,
) -> Offer | None:
    """Hold this place for somebody on the list, and owe the message or the call. Raises BookingRefused.

    Without `by` the software offers; None while another tick is at work.
    """
    with booking():
        if by is None and not _first():
            return None
        seen = Waiting.objects.select_related("visit__site").get(pk=waiting_id)
        visit = seen.visit
        placing.lock_supply(visit.site_id, visit.kind, patients=[visit.patient_id], also=[visit])
        waiting = Waiting.objects.select_for_update(of=("self",), no_key=True).get(pk=waiting_id)
        visit = _visit(waiting)
        _may_be_offered(waiting, visit, starts_at)
        offer = _hold(waiting, visit, starts_at)
        waiting.offers_made += 1
        waiting.save(update_fields=["offers_made"])
        _tell(offer, visit)
        record(Action.CREATE, "offer an earlier time", by=by, subject=offer, patient_id=visit.patient_id)
    return offer


def _first() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_TICK])
        return bool(cursor.fetchone()[0])


def _visit(waiting: Waiting) -> Appointment:
    """The visit that waits, under the locks."""
    rows = Appointment.objects.select_related(
        "patient", "site", "series__order", "series__site", "booster_order", "room"
    )
    return rows.select_for_update(of=("self",), no_key=True).get(pk=waiting.visit_id)


def _may_be_offered(waiting: Waiting, visit: Appointment, starts_at: datetime) -> None:
    for old in Offer.objects.select_for_update(of=("self",)).filter(
        waiting__patient=visit.patient_id, status=Offer.Status.OPEN, expires_at__lte=now()
    ):
        expire(old)
    if has_open_offer(visit.patient_id):
        raise HasOffer
    if waiting.status != Waiting.Status.WAITING or visit.status not in MOVABLE:
        raise errors.Stale
    if visit.patient.status != Patient.Status.ACTIVE or not now() < starts_at < visit.starts_at:
        raise errors.Stale
    if held_until(visit, starts_at) <= now():
        raise errors.TooShortNotice
    if not waitlist_law.keeps(visit, starts_at):
        raise NoLonger


def _hold(waiting: Waiting, visit: Appointment, starts_at: datetime) -> Offer:
    wish = moving.wish_of(visit, starts_at)
    place = placing.find_place(visit.site, wish, patient_id=visit.patient_id, without=[visit.pk], stays=visit)
    where = placing.columns(visit.site, wish, place)
    names = ("room_id", "clinician_id", "lanes", "starts_at", "ends_at", "room_free_at")
    key = uuid.uuid4()
    try:
        with transaction.atomic():
            return Offer.objects.create(
                pk=key,
                waiting=waiting,
                version=visit.version,  # an offer is for this visit as it is now: a visit that changes ends it
                token_hash=token_hash(tokens_of(key)[0]),
                expires_at=held_until(visit, starts_at),
                **{name: where[name] for name in names},
            )
    except IntegrityError as error:  # held for another whose time ran out a moment ago
        raise errors.SlotTaken from error


def _tell(offer: Offer, visit: Appointment) -> None:
    """A message on each channel that is open; without any, or without a date of birth to ask for, the desk calls."""
    channels = channels_to(visit.patient)
    if not channels:
        ask_to_call(offer.pk, OFFER, visit, due_at=offer.expires_at)
        return
    owe_many(
        [
            Owed(
                EARLIER,
                offer,
                offer.version,
                Recipient.PATIENT,
                visit.patient_id,
                now(),
                channel=channel,
                site_id=visit.site_id,
            )
            for channel in channels
        ]
    )


def channels_to(patient: Patient) -> list[Channel]:
    """On which channels an offer reaches them without a call."""
    address = address_of(Recipient.PATIENT, patient.pk)
    if address is None or patient.birth_on is None:
        return []
    email, sms = address.email and address.may_email, address.phone and address.may_sms
    return [*([Channel.EMAIL] if email else []), *([Channel.SMS] if sms else [])]


def ask_to_call(subject_id: uuid.UUID, subject_type: str, visit: Appointment, *, due_at: datetime) -> None:
    """A task for the front desk, which can answer for the patient."""
    open_task(
        TaskKind.WAITLIST_CALL,
        subject_type=subject_type,
        subject_id=subject_id,
        queue=Queue.FRONT_DESK,
        due_at=due_at,
        site_id=visit.site_id,
        patient_id=visit.patient_id,
    )


def end(offer: Offer, status: Offer.Status, *, why: str, by: User | None = None) -> None:
    """The place is free again; what is owed about it is void. In the caller's transaction, under the row's lock."""
    offer.status, offer.answered_at = status, now()
    offer.save(update_fields=["status", "answered_at"])
    void(offer.pk, why=why)
    close_tasks(offer.pk, TaskKind.WAITLIST_CALL, by=by, outcome=str(status))


def expire(offer: Offer) -> None:
    """Nobody answered in time."""
    end(offer, Offer.Status.EXPIRED, why="It was not answered in time.")


# The link: one purpose, and of no use once the offer is over


def token_hash(token: str) -> str:
    """What the table keeps of a token: its SHA-256, which opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def tokens_of(offer_id: uuid.UUID) -> list[str]:
    """The 128-bit token of an offer under the present key and each older one; neither table nor ledger holds it."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(_SALT, str(offer_id), secret=key, algorithm="sha256").digest() for key in keys]
    return [urlsafe_b64encode(digest[:TOKEN_BYTES]).decode().rstrip("=") for digest in digests]


def offer_of(token: str) -> Offer | None:
    """The offer that a token belongs to, whatever became of it."""
    rows = Offer.objects.select_related("waiting__visit__site", "waiting__patient")
    return rows.filter(token_hash=token_hash(token)).first()
