"""The versions of an intake: the open one, the next one, and whose they are."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from intake.models import Answer, Intake, Patient, SectionSaved
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action


class IntakeSent(Exception):
    """There is no version open: the last one was sent. Its answers are changed in a new version."""


def open_next_version(*, by: User | None, patient: Patient) -> Intake:
    """Begin a new version with the answers of the last one, or give back the version that is open."""
    authorise(by, patient)
    with transaction.atomic(durable=True):
        return open_version(patient, by, reopen=True)


def authorise(by: User | None, patient: Patient) -> None:
    """Patients answer for themselves; None is the software (the demo)."""
    if by is not None and patient.user_id != by.pk:
        raise PermissionDenied


def lock_latest(patient: Patient) -> Intake | None:
    newest = Intake.objects.select_for_update(no_key=True, of=("self",)).select_related("patient__site")
    return newest.filter(patient=patient).order_by("-number").first()


def open_version(patient: Patient, by: User | None, *, reopen: bool) -> Intake:
    """The open version, locked; made where there is none. Two tabs that begin at once get the same one."""
    newest = lock_latest(patient)
    if newest is not None and newest.submitted_at is None:
        return newest
    if newest is not None and not reopen:
        raise IntakeSent
    try:
        with transaction.atomic():
            made = Intake.objects.create(patient=patient, number=newest.number + 1 if newest else 1)
    except IntegrityError:  # another request was first: it has committed, or we would still be waiting
        return open_version(patient, by, reopen=reopen)
    if newest is not None:
        _copy(newest, made)
    audit.record(Action.CREATE, "open-intake", by=by, subject=made, patient_id=patient.pk)
    return made


def _copy(old: Intake, new: Intake) -> None:
    """The answers of the version before. What was not asked then is open again."""
    rows = list(old.answers.exclude(status=Answer.Status.NOT_ASKED).order_by("pk"))
    for row in rows:
        row.pk, row.intake, row.amended = None, new, False
        row._state.adding = True
    Answer.objects.bulk_create(rows)
    SectionSaved.objects.bulk_create(
        SectionSaved(intake=new, section=saved.section, at=saved.at) for saved in old.saved_sections.all()
    )
