"""One answer and its row: what may be stored where another window stored something meanwhile, and what is amended."""

from collections.abc import Collection, Mapping
from typing import Any

from intake.domain import library
from intake.domain.tabs import NOTHING, Page, Stored, judge
from intake.models import Answer, Intake
from intake.sections import Section
from intake.services.duetimes import working_days_later
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Queue
from pacificmind.tasks.services import open_task

ASK_WITHIN_DAYS = 2  # working days


def sort_out(told: dict[str, Any], removed: Collection[str], rows: Mapping[str, Answer], page: Page) -> dict[str, Any]:
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


def unread(dropped: Mapping[str, Any], rows: Mapping[str, Answer]) -> list[str]:
    """The texts among what was not stored that do not stand in the record: one for a row of a table."""
    kept = {item: text_of(rows[item].value) for item in dropped if item in rows}
    return [text for item, value in dropped.items() if (text := text_of(value)) not in kept.get(item, "")]


def text_of(value: Any) -> str:
    """What was written in an answer, or in all cells of a row; empty for other values."""
    if isinstance(value, dict):
        return " . ".join(str(cell) for cell in value.values() if cell not in (None, ""))
    return value if isinstance(value, str) else ""


def _stored(row: Answer | None) -> Stored:
    if row is None:
        return Stored()
    return Stored(NOTHING if row.status == Answer.Status.NOT_ASKED else row.value, row.page, row.step)


def put(
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


def leave_to_a_person(intake: Intake, section: Section, items: Collection[str], by: User | None) -> None:
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
        due_at=working_days_later(now(), ASK_WITHIN_DAYS, site.tz),
        site_id=site.pk,
        patient_id=intake.patient_id,
    )
