"""A patient's visits as a calendar that their own devices read from a private address.

The token is 128 random bits, of which only the SHA-256 is kept: nobody can read an address out of the database, so it
is shown once, when it is made. A new one ends the old one.
"""

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, time, timedelta

from django.core import signing
from django.db import transaction

from intake.models import Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging import ics
from scheduling.domain import errors
from scheduling.models import Appointment, Status
from scheduling.models.waiting import CalendarFeed
from scheduling.services.locks import booking, lock

TOKEN_BYTES = 16
PAST = timedelta(days=90)  # visits stay in the feed, so that a calendar that slept for weeks still hears of a change
FORM_LASTS = timedelta(days=1)
STATUS = {
    Status.HELD: "TENTATIVE",
    Status.CANCELLED: "CANCELLED",
    Status.ENTERED_IN_ERROR: "CANCELLED",
}  # all others: CONFIRMED


def hash_of(token: str) -> str:
    """What is kept of a token: SHA-256, hex. A random token of 128 bits needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def offered(by: User) -> str:
    """A new token, signed for this user: it waits in the form and becomes an address when the form is sent.

    So a second press of the button carries the same token, and shows the same address, though only its hash is kept.
    """
    return _signer(by).sign(secrets.token_urlsafe(TOKEN_BYTES))


def _signer(by: User) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"calendar-feed:{by.pk}")


def current(patient_id: uuid.UUID) -> CalendarFeed | None:
    """The feed that can be read, if there is one."""
    return CalendarFeed.objects.filter(patient_id=patient_id, revoked_at__isnull=True).first()


def make(*, by: User, patient: Patient, offer: str, request_id: uuid.UUID) -> str:
    """Make the offered token the patient's feed, end the one before, and return the token.

    Raises Stale for an offer that is too old, that is not this user's, or that was ended since.
    """
    try:
        token = _signer(by).unsign(offer, max_age=FORM_LASTS)
    except signing.BadSignature as error:
        raise errors.Stale(say_patient="This page is too old. Please make the address again.") from error
    asked = {"token": hash_of(token)}
    with booking(), once(request_id, user_id=by.pk, intent="make calendar feed", asked=asked) as request:
        lock(patients=[patient.pk])
        if request.repeated or CalendarFeed.objects.filter(token_hash=hash_of(token)).exists():
            if not CalendarFeed.objects.filter(token_hash=hash_of(token), revoked_at__isnull=True).exists():
                raise errors.Stale(say_patient="This address was ended already. Please make a new one.")
            return token
        _end(patient.pk)
        feed = CalendarFeed.objects.create(patient=patient, token_hash=hash_of(token))
        record(Action.CREATE, "make calendar feed", by=by, subject=feed, patient_id=patient.pk)
    return token


def revoke(*, by: User, patient: Patient) -> bool:
    """End the patient's feed; False where there is none."""
    with booking():
        lock(patients=[patient.pk])
        feed = current(patient.pk)
        if feed is None:
            return False
        _end(patient.pk)
        record(Action.CHANGE, "end calendar feed", by=by, subject=feed, patient_id=patient.pk)
    return True


def _end(patient_id: uuid.UUID) -> None:
    CalendarFeed.objects.filter(patient_id=patient_id, revoked_at__isnull=True).update(revoked_at=now())


def find(token: str) -> CalendarFeed | None:
    """The feed behind a token; None for one that is unknown or ended, or whose owner's account is closed."""
    live = CalendarFeed.objects.filter(revoked_at__isnull=True, patient__user__is_active=True)
    return live.select_related("patient__site").filter(token_hash=hash_of(token)).first()


def read(feed: CalendarFeed) -> bytes:
    """The calendar as it is now.

    A device reads many times a day: each read is remembered on the feed, the first of each day (UTC) in the audit.
    """
    with transaction.atomic():
        _remember(feed)
        return ics.feed(_entries(feed.patient), zone=feed.patient.site.zone)


def _remember(feed: CalendarFeed) -> None:
    at = now()
    midnight = datetime.combine(at.date(), time(), UTC)
    # Of reads at the same moment, one finds the row as it was: the others wait for it and match no row.
    first = CalendarFeed.objects.filter(pk=feed.pk).exclude(last_read_at__gte=midnight).update(last_read_at=at)
    if first:
        record(Action.EXPORT, "calendar feed", by=None, subject=feed, patient_id=feed.patient_id)
    else:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=at)


def _entries(patient: Patient) -> list[ics.Entry]:
    """Every visit to come or of the last weeks, the cancelled ones too: a calendar that missed it must hear of it."""
    visits = Appointment.objects.filter(patient=patient, starts_at__gt=now() - PAST).select_related("site")
    return [_entry(visit) for visit in visits.order_by("starts_at", "pk")]


def _entry(visit: Appointment) -> ics.Entry:
    return ics.Entry(
        uid=ics.uid_of(visit.pk),
        sequence=ics.sequence_of(visit.version),
        stamped_at=visit.made_at,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.zone,
        location="Video visit" if visit.telehealth else f"{visit.site.name}, {visit.site.address}",
        status=STATUS.get(Status(visit.status), "CONFIRMED"),
    )
