"""Save answers as they are given, with the alert that one of them raises in the same transaction."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from intake.domain import library
from intake.domain.safety import Tier, tier_of_item9
from intake.domain.scoring import Score
from intake.domain.tabs import Page
from intake.facts import rows_of, score_of_values, values_of
from intake.models import Answer, Intake, Patient, SafetyAlert, SectionSaved
from intake.queries.intake import answers_of
from intake.sections import ITEM9, Section, item9_section
from intake.services import asq, safety
from intake.services.answer_rows import leave_to_a_person, put, sort_out, text_of, unread
from intake.services.guards import one_at_a_time
from intake.services.versions import authorise, lock_latest, open_version
from pacificmind.accounts.models import User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.clock import now

ROW_ITEM = re.compile(r"(medicine|trial)\.[0-9a-f]{8}")
REPLACED = "another window"  # where words stood that gave way to what another window had stored
WORDS_WATCHED = ("text", "long")  # kinds of free text that are read for words of crisis
COPIED_TO_PATIENT = {  # the front desk needs these, and never opens the answers
    "contact.emergency_name": "emergency_name",
    "contact.emergency_phone": "emergency_phone",
    "home.escort_name": "escort_name",
    "home.escort_phone": "escort_phone",
}


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
    authorise(by, patient)
    told = {**answers, **dict.fromkeys(declined), **dict.fromkeys(removed)}
    if strange := [item for item in told if not _belongs(section, item)]:
        raise ValueError(f"not questions of {section.slug}: {strange}")
    with transaction.atomic(durable=True):
        if page and _in_crisis(section, answers):
            one_at_a_time(patient.pk)  # the first lock, in case that words are not stored
        if answers.keys() & COPIED_TO_PATIENT.keys():
            Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)  # before the intake, as everywhere
        intake = open_version(patient, by, reopen=reopen or _never_refused(patient, section, answers))
        rows = answers_of(intake)
        meant = dict(told)
        elsewhere = sort_out(told, removed, rows, page) if page else {}
        changed = [
            row
            for item, value in told.items()
            if (row := put(intake, section, rows.get(item), item, value, _status(item, declined, removed), by, page))
        ]
        if in_person:
            leave_to_a_person(intake, section, in_person, by)
        done = complete and not elsewhere and _is_done(section, intake, in_person)
        if done:
            SectionSaved.objects.update_or_create(intake=intake, section=section.slug, defaults={"at": now()})
        _copy_to_patient(patient, {item: value for item, value in answers.items() if item in told})
        alert = _alert_on_words(patient, section, changed, by)
        # What another window's answer, or a later one of this page, stands in the way of is kept nowhere else.
        dropped = {item: value for item, value in meant.items() if item not in told}
        alert = safety.read_words(by=by, patient=patient, texts=unread(dropped, rows), source=REPLACED) or alert
        if changed or complete:
            _record(by, patient, intake, section, changed)
    return Saved(intake, now(), tuple(row.item for row in changed), done, alert, elsewhere)


def save_item9(*, by: User | None, patient: Patient, value: int | None) -> Saved:
    """Store PHQ-9 item 9 (0 to 3; None is declined) and, above 0, raise the alert in the same transaction.

    Above 0 a sitting of the suicide screen begins with it; declined is a task for the clinicians the same day.

    Never refused because the intake was sent: its next version is begun. Lowering the answer later marks the alert as
    amended and leaves it open. Raises ValueError outside 0 to 3, PermissionDenied; database errors pass through.
    """
    authorise(by, patient)
    tier = tier_of_item9(value, refused=value is None)
    section = item9_section()
    alert = None
    with transaction.atomic(durable=True):
        one_at_a_time(patient.pk)
        intake = open_version(patient, by, reopen=True)
        before = answers_of(intake).get(ITEM9)
        status = Answer.Status.DECLINED if value is None else Answer.Status.ANSWERED
        row = put(intake, section, before, ITEM9, value, status, by)
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


def score_of(intake: Intake, instrument: str) -> Score:
    """The score of PHQ-9, PC-PTSD-5, AUDIT-C or SISQ-Drug from the stored answers. Raises KeyError for others."""
    return score_of_values(values_of(intake.answers.order_by("pk")), instrument)


def _belongs(section: Section, item: str) -> bool:
    if section.rows and ROW_ITEM.fullmatch(item) and item.startswith(f"{section.rows}."):
        return True
    return any(known.id == item for known in section.items)


def _status(item: str, declined: Collection[str], removed: Collection[str]) -> Answer.Status:
    if item in removed:
        return Answer.Status.NOT_ASKED
    return Answer.Status.DECLINED if item in declined else Answer.Status.ANSWERED


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
    newest = lock_latest(patient) if alarming else None
    rows = answers_of(newest)
    return newest is not None and any(item not in rows or rows[item].value != answers[item] for item in alarming)


def _in_crisis(section: Section, answers: Mapping[str, Any]) -> set[str]:
    """Which of these answers are free texts with words of crisis."""
    texts = {item.id for item in section.items if item.kind in WORDS_WATCHED}
    return {
        item
        for item, value in answers.items()
        if (item in texts or isinstance(value, dict)) and library.crisis_words(text_of(value))
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
