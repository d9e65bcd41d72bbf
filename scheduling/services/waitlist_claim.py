"""Answering an offer. A claim that is answered yes is the booking: nothing that follows can undo it.

Its own state makes an answer idempotent: a repeat finds the offer claimed and returns it.
"""

import uuid
from datetime import date, timedelta

from django.db import transaction
from django.utils.crypto import constant_time_compare

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record
from pacificmind.clock import now
from scheduling.domain import errors
from scheduling.models import Appointment, Offer, Waiting
from scheduling.queries.waitlist import stands
from scheduling.services import authority, moving, notify, waitlist_law
from scheduling.services.locks import booking
from scheduling.services.placing import lock_supply
from scheduling.services.waitlist import finish
from scheduling.services.waitlist_offers import NoLonger, Over, ask_to_call, end

TRIES = 3
OPEN_LINK = "open an earlier time"
CALL_WITHIN = timedelta(hours=2)


def is_open(offer: Offer) -> bool:
    """Whether it can still be answered."""
    return offer.status == Offer.Status.OPEN and offer.expires_at > now()


def knows_birth_date(*, offer_id: uuid.UUID, birth_on: date) -> bool:
    """Whether whoever holds the link knows the patient's date of birth.

    After three wrong ones the link is dead, the place free again, and the front desk asked to call.
    """
    with transaction.atomic(durable=True):
        offer = _locked(offer_id)
        patient = offer.waiting.patient
        right = constant_time_compare(str(patient.birth_on or ""), str(birth_on))
        if right or not is_open(offer):
            return right and is_open(offer)
        record(Action.REFUSED, OPEN_LINK, by=None, subject=offer, patient_id=patient.pk)
        tried = Entry.objects.filter(
            patient_id=patient.pk, subject_id=str(offer.pk), action=Action.REFUSED, what=OPEN_LINK
        )
        if tried.count() >= TRIES:
            end(offer, Offer.Status.WITHDRAWN, why="The date of birth was wrong three times.")
            visit = offer.waiting.visit
            ask_to_call(offer.waiting_id, "scheduling.waiting", visit, due_at=now() + CALL_WITHIN)
    return False


def _locked(offer_id: uuid.UUID) -> Offer:
    rows = Offer.objects.select_related("waiting__visit__site", "waiting__patient")
    return rows.select_for_update(of=("self",)).get(pk=offer_id)


def claim(*, offer_id: uuid.UUID, by: User | None = None) -> Offer:
    """Take the place: the visit moves there, in one transaction that asks everything again.

    `by`: the patient signed in, or staff of the site on their word; None for who proved themselves at the link.
    Raises Over, or the refusal of the law after which the place is no longer held; the visit then stays as it is.
    """
    try:
        return _claim(offer_id, by)
    except (errors.Busy, Over):
        raise
    except errors.BookingRefused as refusal:
        withdraw(offer_id=offer_id, by=None, why=f"It could not be kept: {refusal.code}.")
        raise


def _claim(offer_id: uuid.UUID, by: User | None) -> Offer:
    with booking():
        seen = Offer.objects.select_related("waiting__visit__site").get(pk=offer_id)
        visit = seen.waiting.visit
        authority.may_change(by, visit)
        lock_supply(visit.site_id, visit.kind, patients=[visit.patient_id], also=[visit])
        Waiting.objects.select_for_update(of=("self",), no_key=True).get(pk=seen.waiting_id)
        offer = _locked(offer_id)
        if offer.status == Offer.Status.CLAIMED:
            return offer
        visit = (
            Appointment.objects.select_related(
                "patient", "site", "series__order", "series__site", "booster_order", "room"
            )
            .select_for_update(of=("self",), no_key=True)
            .get(pk=visit.pk)
        )
        if not is_open(offer) or not stands(visit, offer):
            raise Over
        _move(offer, visit, by)
    return offer


def _move(offer: Offer, visit: Appointment, by: User | None) -> None:
    """Let go of the held place and take it with the visit: between the two stand our locks."""
    end(offer, Offer.Status.CLAIMED, why="The earlier time was taken.", by=by)
    keeps, was = waitlist_law.keeps(visit, offer.starts_at), visit.starts_at
    wish = moving.wish_of(visit, offer.starts_at, clinician_id=offer.clinician_id, room_id=offer.room_id)
    # Whoever answers, nobody gives a reason here: no deviation, no notice overridden.
    moving.rewrite(None, visit, wish, as_patient=False)
    if not keeps:
        raise NoLonger
    finish(offer.waiting, why="took an earlier time", status=Waiting.Status.DONE)
    record(
        Action.CHANGE,
        "take an earlier time",
        by=by,
        subject=visit,
        patient_id=visit.patient_id,
        changes={
            "fields": ["starts_at", "clinician", "room"],
            "offer": str(offer.pk),
            "from": was.isoformat(),
            "to": visit.starts_at.isoformat(),
        },
    )
    notify.visit_moved(visit)


def decline(*, offer_id: uuid.UUID, by: User | None = None) -> Offer:
    """Keep the visit as it is: the place is offered to the next. They stay on the list."""
    return _end(offer_id, by, Offer.Status.DECLINED, "decline an earlier time", "They keep their time.")


def withdraw(*, offer_id: uuid.UUID, by: User | None, why: str = "The clinic took it back.") -> Offer:
    """Take an offer back."""
    return _end(offer_id, by, Offer.Status.WITHDRAWN, "take back an offer", why)


def _end(offer_id: uuid.UUID, by: User | None, status: Offer.Status, what: str, why: str) -> Offer:
    with booking():
        offer = _locked(offer_id)
        authority.may_change(by, offer.waiting.visit)
        if offer.status == Offer.Status.OPEN:
            end(offer, status, why=why, by=by)
            record(
                Action.CHANGE,
                what,
                by=by,
                subject=offer,
                patient_id=offer.waiting.patient_id,
                changes={"status": offer.status},
            )
    return offer
