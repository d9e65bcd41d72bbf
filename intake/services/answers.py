"""Save answers as they are given, send the intake, begin its next version."""

import re
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F

from intake.domain import library
from intake.domain.safety import Tier, tier_of_item9
from intake.domain.scoring import Score
from intake.domain.tabs import NOTHING, Page, Stored, judge
from intake.facts import rows_of, score_of_values, values_of
from intake.models import Answer, Intake, Patient, SafetyAlert, Screening, SectionSaved
from intake.queries.intake import answers_of, progress
from intake.queries.rules import policy_now
from intake.sections import ITEM9, Section, is_asked, item9_section, sections
from intake.services import asq, safety
from intake.services.duetimes import working_days_later
from intake.services.guards import one_at_a_time
from intake.services.screening import screen_intake
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

REVIEW_WITHIN_DAYS = 2  # working days
ROW_ITEM = re.compile(r"(medicine|trial)\.[0-9a-f]{8}")
WORDS_WATCHED = ("text", "long")  # kinds of free text that are read for words of crisis
COPIED_TO_PATIENT = {  # the front desk needs these, and never opens the answers
    "contact.emergency_name": "emergency_name",
    "contact.emergency_phone": "emergency_phone",
    "home.escort_name": "escort_name",
    "home.escort_phone": "escort_phone",
}


class IntakeSent(Exception):
    """There is no version open: the last one was sent. Its answers are changed in a new version."""


class IntakeIncomplete(Exception):
    """Parts are missing, so that it cannot be sent."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving: `changed` items, whether the part is now done, the alert that it raised or kept.

    `elsewhere` are items that another window answered otherwise meanwhile, with the value that stands there (None
    where declined): what this page says of them is not stored until it is sent with that value as seen.
    """

    intake: Intake
    at: datetime
    changed: tuple[str, ...] = ()
    done: bool = False
    alert: SafetyAlert | None = None
    elsewhere: Mapping[str, Any] = field(default_factory=dict)


def save_section(
    *,
    by: User | None,
    patient: Patient,
    section: Section,
    answers: Mapping[str, Any],
    declined: Collection[str] = (),
    removed: Collection[str] = (),
    complete: bool = True,
    reopen: bool = False,
    page: Page | None = None,
    in_person: Collection[str] = (),
) -> Saved:
    """Store these answers, and no others: what another page saved meanwhile stays.

    `removed` are optional answers that were emptied; `complete` says that the patient meant to finish the part.
    With `page`, an answer that another page gave otherwise meanwhile is kept and told; words of crisis are stored
    whatever stands there. `in_person` are questions without approved words in the patient's language: where they are
    open they are stored as not asked, and a clinician gets the task to ask them.
    Saving the same once more changes nothing, so that no request id is needed. With `reopen`, an intake that was
    sent gets its next version; without it raises IntakeSent, but for new
    words of crisis, which are never refused. Raises PermissionDenied, ValueError for a strange item.
    """
    _authorise(by, patient)
    told = {**answers, **dict.fromkeys(declined), **dict.fromkeys(removed)}
    if strange := [item for item in told if not _belongs(section, item)]:
        raise ValueError(f"not questions of {section.slug}: {strange}")
    with transaction.atomic(durable=True):
        if answers.keys() & COPIED_TO_PATIENT.keys():
            Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)  # before the intake, as everywhere
        intake = _open(patient, by, reopen=reopen or _never_refused(patient, section, answers))
        rows = answers_of(intake)
        elsewhere = _sort_out(told, removed, rows, page) if page else {}
        changed = [
            row
            for item, value in told.items()
            if (row := _put(intake, section, rows.get(item), item, value, _status(item, declined, removed), by, page))
        ]
        if in_person:
            _leave_to_a_person(intake, section, in_person, by)
        done = complete and not elsewhere and _is_done(section, intake, in_person)
        if done:
            SectionSaved.objects.update_or_create(intake=intake, section=section.slug, defaults={"at": now()})
        _copy_to_patient(patient, {item: value for item, value in answers.items() if item in told})
        alert = _alert_on_words(patient, section, changed, by)
        if changed or complete:
            _record(by, patient, intake, section, changed)
    return Saved(intake, now(), tuple(row.item for row in changed), done, alert, elsewhere)


def save_item9(*, by: User | None, patient: Patient, value: int | None) -> Saved:
    """Store PHQ-9 item 9 (0 to 3; None is declined) and, above 0, raise the alert in the same transaction.

    Above 0 a sitting of the suicide screen begins with it; declined is a task for the clinicians the same day.

    Never refused because the intake was sent: its next version is begun. Lowering the answer later marks the alert as
    amended and leaves it open. Raises ValueError outside 0 to 3, PermissionDenied; database errors pass through.
    """
    _authorise(by, patient)
    tier = tier_of_item9(value, refused=value is None)
    section = item9_section()
    alert = None
    with transaction.atomic(durable=True):
        one_at_a_time(patient.pk)
        intake = _open(patient, by, reopen=True)
        before = answers_of(intake).get(ITEM9)
        status = Answer.Status.DECLINED if value is None else Answer.Status.ANSWERED
        row = _put(intake, section, before, ITEM9, value, status, by)
        answer = row or before
        if row is not None and before is not None:
            safety.amend(row, by=by)
        if tier == Tier.REVIEW and row is not None:
            safety.ask_today(patient)
        if tier == Tier.URGENT_1:
            alert = safety.raise_alert(
                patient=patient,
                tier=tier.value,
                trigger=SafetyAlert.Trigger.PHQ9_ITEM_9,
                answer=answer,
                value=str(value),
                by=by,
            )
            asq.open_sitting(patient=patient, by=by, intake=intake, alert=alert)
        SectionSaved.objects.update_or_create(intake=intake, section=section.slug, defaults={"at": now()})
        _record(by, patient, intake, section, [row] if row else [])
    return Saved(intake, now(), (ITEM9,) if row else (), done=True, alert=alert)


def submit_intake(*, by: User | None, patient: Patient, request_id: uuid.UUID | None = None) -> Intake:
    """Send the open version: score, screen, store the findings, open the review task. After this it is frozen.

    A repeat gives back what was sent. Raises IntakeIncomplete, PermissionDenied.
    """
    _authorise(by, patient)
    asked = {"patient": patient.pk}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk if by else None, intent="submit-intake", asked=asked) as intention,
    ):
        if intention.repeated:
            return Intake.objects.get(pk=intention.result["intake"])
        intake = _lock_latest(patient)
        if intake is None:
            raise IntakeIncomplete
        if intake.submitted_at is None:
            _freeze(intake, by)
        intention.result = {"intake": str(intake.pk)}
        return intake


def open_next_version(*, by: User | None, patient: Patient) -> Intake:
    """Begin a new version with the answers of the last one, or give back the version that is open."""
    _authorise(by, patient)
    with transaction.atomic(durable=True):
        return _open(patient, by, reopen=True)


def score_of(intake: Intake, instrument: str) -> Score:
    """The score of PHQ-9, PC-PTSD-5, AUDIT-C or SISQ-Drug from the stored answers. Raises KeyError for others."""
    return score_of_values(values_of(intake.answers.order_by("pk")), instrument)


def _authorise(by: User | None, patient: Patient) -> None:
    """Patients answer for themselves; None is the software (the demo)."""
    if by is not None and patient.user_id != by.pk:
        raise PermissionDenied


def _belongs(section: Section, item: str) -> bool:
    if section.rows and ROW_ITEM.fullmatch(item) and item.startswith(f"{section.rows}."):
        return True
    return any(known.id == item for known in section.items)


def _status(item: str, declined: Collection[str], removed: Collection[str]) -> Answer.Status:
    if item in removed:
        return Answer.Status.NOT_ASKED
    return Answer.Status.DECLINED if item in declined else Answer.Status.ANSWERED


def _lock_latest(patient: Patient) -> Intake | None:
    newest = Intake.objects.select_for_update(no_key=True, of=("self",)).select_related("patient__site")
    return newest.filter(patient=patient).order_by("-number").first()


def _open(patient: Patient, by: User | None, *, reopen: bool) -> Intake:
    """The open version, locked; made where there is none. Two tabs that begin at once get the same one."""
    newest = _lock_latest(patient)
    if newest is not None and newest.submitted_at is None:
        return newest
    if newest is not None and not reopen:
        raise IntakeSent
    try:
        with transaction.atomic():
            made = Intake.objects.create(patient=patient, number=newest.number + 1 if newest else 1)
    except IntegrityError:  # another request was first: it has committed, or we would still be waiting
        return _open(patient, by, reopen=reopen)
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


def _sort_out(told: dict[str, Any], removed: Collection[str], rows: Mapping[str, Answer], page: Page) -> dict[str, Any]:
    """Take out of `told` what must not be stored; return what another window answered otherwise."""
    elsewhere: dict[str, Any] = {}
    for item, value in list(told.items()):
        stored = _stored(rows.get(item))
        verdict = judge(item, NOTHING if item in removed else value, stored, page)
        if verdict == "store" or (verdict == "differs" and isinstance(value, str) and library.crisis_words(value)):
            continue
        del told[item]
        if verdict == "differs":
            elsewhere[item] = stored.value
    return elsewhere


def _stored(row: Answer | None) -> Stored:
    if row is None:
        return Stored()
    return Stored(NOTHING if row.status == Answer.Status.NOT_ASKED else row.value, row.page, row.step)


def _put(
    intake: Intake,
    section: Section,
    before: Answer | None,
    item: str,
    value: Any,
    status: Answer.Status,
    by: User | None,
    page: Page | None = None,
) -> Answer | None:
    """Store one answer; None when it stood there already. What stood there before makes it amended."""
    mark, step = (page.mark, page.step) if page else ("", 0)
    if before is None:
        if status == Answer.Status.NOT_ASKED:
            return None
        known = next((question for question in section.items if question.id == item), None)
        return Answer.objects.create(
            intake=intake,
            section=section.slug,
            item=item,
            instrument=known.instrument if known else "",
            value=value,
            status=status,
            answered_by=by,
            page=mark,
            step=step,
        )
    if (before.status, before.value) == (status, value):
        return None
    before.amended = before.amended or before.status != Answer.Status.NOT_ASKED
    before.value, before.status, before.answered_at, before.answered_by = value, status, now(), by
    before.page, before.step = mark, step
    before.save(update_fields=["value", "status", "answered_at", "answered_by", "amended", "page", "step"])
    return before


def _leave_to_a_person(intake: Intake, section: Section, items: Collection[str], by: User | None) -> None:
    """Mark these as not asked where they have no answer, and put the patient before the clinicians of the site."""
    Answer.objects.bulk_create(
        [
            Answer(intake=intake, section=section.slug, item=item, status=Answer.Status.NOT_ASKED, answered_by=by)
            for item in items
        ],
        ignore_conflicts=True,
    )
    site = intake.patient.site
    open_task(
        Kind.PATIENT_CALL,
        subject_type="intake.intake",
        subject_id=intake.pk,
        queue=Queue.CLINICIANS,
        due_at=working_days_later(now(), REVIEW_WITHIN_DAYS, site.tz),
        site_id=site.pk,
        patient_id=intake.patient_id,
    )


def _is_done(section: Section, intake: Intake, in_person: Collection[str] = ()) -> bool:
    values = values_of(intake.answers.order_by("pk"))
    empty_table = section.rows and values.get(section.items[0].id) == "yes" and not rows_of(values, f"{section.rows}.")
    return not empty_table and all(item.id in values or item.id in in_person for item in section.items if item.required)


def _copy_to_patient(patient: Patient, answers: Mapping[str, Any]) -> None:
    changes = {field: answers[item] for item, field in COPIED_TO_PATIENT.items() if answers.get(item)}
    if changes:
        Patient.objects.filter(pk=patient.pk).update(**changes, version=F("version") + 1)


def _alert_on_words(
    patient: Patient, section: Section, changed: Collection[Answer], by: User | None
) -> SafetyAlert | None:
    """Words of crisis in a free text: never the only safeguard, and wrong at times, which does no harm."""
    alarming, raised = _in_crisis(section, {row.item: row.value for row in changed}), None
    for row in changed:
        if row.item in alarming:
            raised = safety.raise_alert(
                patient=patient,
                tier=SafetyAlert.Tier.URGENT_1,
                trigger=SafetyAlert.Trigger.WORDS,
                answer=row,
                by=by,
            )
    return raised


def _never_refused(patient: Patient, section: Section, answers: Mapping[str, Any]) -> bool:
    """Whether words of crisis are among the answers that do not stand in the newest version already."""
    alarming = _in_crisis(section, answers)
    newest = _lock_latest(patient) if alarming else None
    rows = answers_of(newest)
    return newest is not None and any(item not in rows or rows[item].value != answers[item] for item in alarming)


def _in_crisis(section: Section, answers: Mapping[str, Any]) -> set[str]:
    """Which of these answers are free texts with words of crisis."""
    texts = {item.id for item in section.items if item.kind in WORDS_WATCHED}
    return {
        item
        for item, value in answers.items()
        if (item in texts or isinstance(value, dict))
        and library.crisis_words(" . ".join(map(str, value.values())) if isinstance(value, dict) else str(value or ""))
    }


def _record(by: User | None, patient: Patient, intake: Intake, section: Section, changed: Iterable[Answer]) -> None:
    audit.record(
        Action.CHANGE,
        "save-intake-part",
        by=by,
        subject=intake,
        patient_id=patient.pk,
        changes={"section": section.slug, "items": [row.item for row in changed]},
    )


def _freeze(intake: Intake, by: User | None) -> None:
    values = values_of(intake.answers.order_by("pk"))
    if not progress(intake, values).complete:
        raise IntakeIncomplete
    moment = now()
    _mark_not_asked(intake, values)
    intake.submitted_at, intake.ruleset = moment, policy_now().version
    intake.save(update_fields=["submitted_at", "ruleset"])
    screen_intake(intake, cause=Screening.Cause.INTAKE, by=by)
    open_task(
        Kind.INTAKE_REVIEW,
        subject_type="intake.intake",
        subject_id=intake.pk,
        queue=Queue.PRESCRIBERS,
        due_at=working_days_later(moment, REVIEW_WITHIN_DAYS, intake.patient.site.tz),
        site_id=intake.patient.site_id,
        patient_id=intake.patient_id,
    )
    audit.record(Action.CHANGE, "submit-intake", by=by, subject=intake, patient_id=intake.patient_id)


def _mark_not_asked(intake: Intake, values: Mapping[str, Any]) -> None:
    """Questions that the other answers made needless get a row that says so: not asked is not a no (CLINICAL 3.1)."""
    closed = [(part, item) for part in sections() if not is_asked(part, values) for item in part.items]
    Answer.objects.filter(intake=intake, item__in=[item.id for _, item in closed]).update(
        status=Answer.Status.NOT_ASKED, value=None
    )
    Answer.objects.bulk_create(
        [
            Answer(
                intake=intake,
                section=part.slug,
                item=item.id,
                instrument=item.instrument,
                status=Answer.Status.NOT_ASKED,
            )
            for part, item in closed
        ],
        ignore_conflicts=True,
    )
