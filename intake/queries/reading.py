"""Answers as a clinician reads them: the question, the answer in words, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intake.facts import MEDICINE, TRIAL
from intake.models import Answer
from intake.sections import Item, Section, is_asked, sections

State = Literal["answered", "declined", "not_asked", "unanswered"]
STATE_WORDS: Mapping[State, str] = {
    "answered": "",
    "declined": "Preferred not to answer",
    "not_asked": "Not asked",
    "unanswered": "Not answered",
}
COLUMNS = {
    "name": "", "drug": "", "dose": "dose", "mg": "mg a day", "weeks": "weeks", "often": "how often",
    "episode": "this episode", "adherent": "taken as prescribed", "outcome": "outcome",
    "source": "known from",
}  # fmt: skip
OUTCOMES = {
    "none": "did not help",
    "partial": "helped in part",
    "remitted": "helped fully",
    "intolerant": "not tolerated",
    "unsure": "not sure",
}
SOURCES = {"patient": "memory", "pharmacy": "the pharmacy or a package", "record": "medical records"}
OTHER = "Other answers"

# Facts that are computed rather than answered, and the questions behind them; others name their question themselves.
BEHIND: Mapping[str, tuple[str, ...]] = {
    "phq9_item9": ("phq9.9",),
    "phq9_score": tuple(f"phq9.{n}" for n in range(1, 10)),
    "phq9_difficulty": ("phq9.10",),
    "gad7_score": tuple(f"gad7.{n}" for n in range(1, 8)),
    "pcptsd5_score": tuple(f"pcptsd5.{n}" for n in range(6)),
    "pcl5_score": tuple(f"pcl5.{n}" for n in range(1, 21)),
    "pcl5_provisional": tuple(f"pcl5.{n}" for n in range(1, 21)),
    "taps1_positive": tuple(f"taps1.{n}" for n in range(1, 5)),
    "mdq_score": tuple(f"mdq.{n}" for n in range(1, 16)),
    "mdq_same_time": ("mdq.14",),
    "mdq_problem": ("mdq.15",),
    "rms_score": tuple(f"rms.{n}" for n in range(1, 7)),
    "audit_c_score": ("auditc.1", "auditc.2", "auditc.3"),
    "sex_for_audit_c": ("alcohol.sex",),
    "sisq_times": ("sisq.1",),
    "indications": ("reason.indications",),
    "ketamine_elsewhere_weeks_ago": ("ketamine.before", "ketamine.weeks"),
    "weight_kg": ("body.weight_lb", "body.weight_when"),
    "weight_age_days": ("body.weight_when",),
    "height_cm": ("body.height_ft", "body.height_in"),
    "bp_systolic": ("body.systolic",),
    "bp_diastolic": ("body.diastolic",),
}
ROWS_BEHIND: Mapping[str, str] = {
    "medicine": MEDICINE,
    "medicines": MEDICINE,
    "adequate_trials": TRIAL,
    "uncertain_trials": TRIAL,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One question with its answer in words."""

    item: str
    question: str
    words: str
    state: State
    amended: bool = False

    @property
    def state_words(self) -> str:
        """What to say where there is no answer; empty where there is one."""
        return STATE_WORDS[self.state]

    @property
    def shown(self) -> str:
        """The answer, or why there is none."""
        return self.words if self.state == "answered" else self.state_words


@dataclass(frozen=True, slots=True)
class Part:
    """One section with its lines."""

    slug: str
    title: str
    lines: tuple[Line, ...]

    @property
    def answered(self) -> int:
        """How many of its questions have an answer."""
        return sum(line.state == "answered" for line in self.lines)


def parts(answers: Iterable[Answer], values: Mapping[str, Any]) -> tuple[Part, ...]:
    """Every section of the intake in its order, then answers that no section knows (any more): nothing is dropped."""
    rows = {row.item: row for row in answers}
    found = [Part(part.slug, part.title, _lines(part, rows, values)) for part in sections()]
    known = {line.item for part in found for line in part.lines}
    left = tuple(_line(None, row.item, row) for row in rows.values() if row.item not in known)
    return (*found, Part("other", OTHER, left)) if left else tuple(found)


def _lines(part: Section, rows: Mapping[str, Answer], values: Mapping[str, Any]) -> tuple[Line, ...]:
    asked = is_asked(part, values)
    lines = [_line(item, item.id, rows.get(item.id), asked=asked) for item in part.items]
    if part.rows:
        lines += [_line(None, row.item, row) for row in rows.values() if row.item.startswith(f"{part.rows}.")]
    return tuple(lines)


def _line(item: Item | None, item_id: str, row: Answer | None, *, asked: bool = True) -> Line:
    question = item.label if item else _row_title(item_id)
    if row is None:
        return Line(item_id, question, "", "unanswered" if asked else "not_asked")
    state: State = {"answered": "answered", "declined": "declined"}.get(row.status, "not_asked")  # type: ignore[assignment]
    return Line(item_id, question, in_words(item, row.value), state, row.amended)


def _row_title(item_id: str) -> str:
    return {"medicine": "Medicine", "trial": "Antidepressant"}.get(item_id.partition(".")[0], item_id)


def in_words(item: Item | None, value: Any) -> str:
    """A stored value in the words the patient chose; numbers and texts as they are."""
    options = {str(stored): words for stored, words in item.options} if item else {}
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(_cell(name, cell) for name, cell in value.items() if cell not in (None, ""))
    if isinstance(value, list):
        return ", ".join(options.get(str(one), str(one)) for one in value)
    words = options.get(str(value), str(value))
    scored = item is not None and item.instrument and item.kind == "choice"
    return f"{words} ({value})" if scored and words != str(value) else words


def _cell(name: str, cell: Any) -> str:
    title = COLUMNS.get(name, name.replace("_", " "))
    words = {"outcome": OUTCOMES, "source": SOURCES}.get(name, {})
    cell = words.get(str(cell), cell)
    return f"{title}: {cell}" if title else str(cell)


def evidence(because: Sequence[str], found: Sequence[Part]) -> tuple[Line, ...]:
    """The answers behind a finding's `because` (fact=value); a fact without a question is told as it stands."""
    lines = {line.item: line for part in found for line in part.lines}
    by_fact = {item.fact: item.id for part in sections() for item in part.items if item.fact}
    told: dict[str, Line] = {}
    for reason in because:
        fact, _, value = reason.partition("=")
        behind = [lines[item] for item in _items(fact, by_fact, lines) if item in lines]
        if fact == "medicine":
            behind = [line for line in behind if line.words.startswith(value.rpartition(" (")[0])] or behind
        for line in behind or [Line(fact, fact.replace("_", " ").capitalize(), value or "not known", "answered")]:
            told[line.item] = line
    return tuple(told.values())


def _items(fact: str, by_fact: Mapping[str, str], lines: Iterable[str]) -> Sequence[str]:
    if fact in by_fact:
        return (by_fact[fact],)
    if fact in ROWS_BEHIND:
        return [item for item in lines if item.startswith(ROWS_BEHIND[fact])]
    return BEHIND.get(fact, ())
