"""An inquiry's answers in words, for the clinicians of the site."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from phonenumber_field.phonenumber import to_python

from intake.domain import inquiry as domain
from intake.inquiry_parts import part
from intake.models import Inquiry
from intake.queries import asq
from intake.queries.inquiries import SITTING, sitting_of
from intake.sections import Item
from pacificmind.ui.context import phone_words

NOT_ANSWERED = "Prefers not to answer"


@dataclass(frozen=True, slots=True)
class Line:
    """One question with its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Read:
    """An inquiry as a clinician reads it: what to look at first, then everything by part."""

    inquiry: Inquiry
    look: tuple[str, ...]
    parts: tuple[tuple[str, tuple[Line, ...]], ...]

    @property
    def waits(self) -> bool:
        """Whether a clinician still has to look."""
        return domain.waits_for_a_look(self.inquiry.red, looked=self.inquiry.looked_at is not None)


def read(row: Inquiry) -> Read:
    """Every answer in words, in the order of the parts."""
    shown = []
    for name in row.parts:
        lines = _screen(row) if name == domain.SAFETY else tuple(_lines(part(name).items, row.answers))
        if lines:
            shown.append((part(name).title, lines))
    return Read(row, tuple(domain.WORDS[name] for name in row.red), tuple(shown))


def _lines(items: Iterable[Item], answers: dict[str, Any]) -> Iterable[Line]:
    for item in items:
        if item.id in answers:
            yield Line(item.label, _words(item, answers[item.id]))


def _words(item: Item, value: Any) -> str:
    if value is None:
        return NOT_ANSWERED
    if item.kind == "phone":
        return phone_words(to_python(str(value))) or str(value)
    words = dict(item.options)
    if isinstance(value, list):
        return ", ".join(str(words.get(one, one)) for one in value)
    return str(words.get(value, value))


def _screen(row: Inquiry) -> tuple[Line, ...]:
    sitting = sitting_of(row) if row.answers.get(SITTING) else None
    return tuple(Line(line.question, line.answer) for line in asq.lines(sitting)) if sitting is not None else ()
