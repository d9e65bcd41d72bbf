"""What every decision about a patient begins with: may they, is it really they, and the patient's lock."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction

from intake.domain.decisions import Stale
from intake.models import Patient
from pacificmind.accounts.models import PRESCRIBER, Role, User
from pacificmind.accounts.reauth import RECENT, Confirmed
from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import RequestReused

LOCK_NOT_AVAILABLE, DEADLOCK = "55P03", "40P01"
BUSY = "Somebody else is working on this patient's record at this moment. Nothing was saved: please send it once more."
WRONG_PASSWORD_TRIES = 5  # within WRONG_PASSWORD_WINDOW, then signing rests
WRONG_PASSWORD_WINDOW = timedelta(minutes=15)
SIGNATURE = "sign-password"
FORM_TIME = timedelta(seconds=30)  # from the page's own look at the confirmation until the service has its locks


ALONE = 4_02  # the class of the advisory locks below: nothing else uses it


class WrongPassword(Exception):
    """The password beside the signature is not the signer's. The text says what to do."""


class NotConfirmed(PermissionDenied):
    """A signed act without a recent confirmation that it is really they: no page of ours sends one."""


def must_be_confirmed(by: User, signed: Confirmed | None) -> str:
    """How `by` confirmed who they are a moment ago: what every signed act begins with. Raises NotConfirmed."""
    if signed is None or not signed.holds_for(by, within=RECENT + FORM_TIME):
        raise NotConfirmed
    return signed.method


def clinician_at(by: User, site_id: str) -> None:
    """Raise PermissionDenied unless `by` is a clinician of this site."""
    if not by.is_active or site_id not in by.sites(Role.CLINICIAN):
        raise PermissionDenied


def prescriber_at(by: User, site_id: str) -> None:
    """Raise PermissionDenied unless `by` is a prescriber and a clinician of this site."""
    clinician_at(by, site_id)
    if PRESCRIBER not in by.roles:
        raise PermissionDenied


@contextmanager
def deciding() -> Iterator[None]:
    """One durable transaction; a lock that cannot be had in 3 s, or a form used twice, is said kindly (Stale)."""
    try:
        with transaction.atomic(durable=True):
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) in (LOCK_NOT_AVAILABLE, DEADLOCK):
            raise Stale(BUSY) from error
        raise
    except RequestReused as error:
        raise Stale(RequestReused.say) from error


def lock_patient(patient_id: uuid.UUID) -> Patient:
    """The patient's row, locked until the transaction ends: the first lock that a booking takes as well.

    FOR NO KEY UPDATE excludes a booking, and lets a safety alert be raised meanwhile: it only points at the row.
    """
    longest = f"{int(settings.LOCK_TIMEOUT.total_seconds())}s"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [longest])
    return Patient.objects.select_for_update(no_key=True, of=("self",)).select_related("site").get(pk=patient_id)


def one_at_a_time(patient_id: uuid.UUID, *, wait: bool = True) -> bool:
    """What one patient says about safety is taken in one after the other, whatever rows it then locks in what order.

    The first lock of each such transaction: two windows of a patient, or a window and the sweep, could otherwise wait
    for each other's sitting and alert. No booking and no other patient waits for it. Without `wait`: False where it is
    taken, and nothing is locked.
    """
    take = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {take}(%s, hashtext(%s))", [ALONE, str(patient_id)])
        return wait or bool(cursor.fetchone()[0])


def confirm_signature(*, by: User, password: str, patient_id: uuid.UUID | None) -> None:
    """Check that it is really they who sign. A wrong password is recorded, and after five signing rests a while.

    Raises WrongPassword. The user's row is locked, so that guesses come one after the other.
    """
    with transaction.atomic(durable=True):
        signer = User.objects.select_for_update(no_key=True).get(pk=by.pk)
        wrong = Entry.objects.filter(
            actor_id=by.pk, at__gt=now() - WRONG_PASSWORD_WINDOW, action=Action.REFUSED, what=SIGNATURE
        ).count()
        if wrong >= WRONG_PASSWORD_TRIES:
            problem = "The password was wrong too often. Wait 15 minutes, then sign again."
        elif signer.check_password(password):
            return
        else:
            problem = "This is not your password. Nothing was signed."
            record(Action.REFUSED, SIGNATURE, by=by, patient_id=patient_id)
    raise WrongPassword(problem)
