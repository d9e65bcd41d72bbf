"""The questionnaires of one intake as the prescriber reads them: totals, bands, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.domain import library
from intake.domain.outcomes import Measure
from intake.domain.scoring import Score
from intake.domain.trend import change_words
from intake.facts import instruments_in, score_of_values, values_of
from intake.models import Answer, Intake, Questionnaire
from intake.queries.reading import Line, Part
from intake.sections import short_name

SCORED = ("PHQ-9", "GAD-7", "PC-PTSD-5", "AUDIT-C", "SISQ-Drug")  # told even where they were not answered
COUNTED = ("complete", "prorated")
TREND = 6  # totals that the page shows


@dataclass(frozen=True, slots=True)
class Scored:
    """One instrument: the total as words, its band, whether it is at or above the cut-off, the totals before.

    `trend` are the earlier totals with their days, oldest first; `change` what became of them, in words.
    """

    title: str
    total: str
    band: str
    positive: bool | None
    before: str
    lines: tuple[Line, ...]
    trend: tuple[Measure, ...] = ()
    change: str = ""


def measured(
    intake: Intake, previous: Intake | None, answers: Sequence[Answer], earlier: Sequence[Answer]
) -> dict[str, list[Measure]]:
    """Usable totals by instrument, oldest first: of this version, the one before, and all questionnaires by now."""
    found: dict[str, set[Measure]] = {}
    for version, rows in ((previous, earlier), (intake, answers)):
        if version is not None and version.submitted_at is not None:
            values = values_of(rows)
            for name in instruments_in(values):
                score = score_of_values(values, name)
                if score.usable and score.score is not None:
                    at = max((row.answered_at for row in rows if row.instrument.startswith(f"{name}/")), default=None)
                    found.setdefault(name, set()).add(Measure(at or version.submitted_at, name, float(score.score)))
    counted = Questionnaire.objects.filter(score__isnull=False, status__in=COUNTED, amended_by__isnull=True)
    for one in counted.filter(patient=intake.patient):
        found.setdefault(one.instrument, set()).add(Measure(one.answered_at, one.instrument, float(one.score or 0)))
    return {name: sorted(told) for name, told in found.items()}


def scores(
    values: Mapping[str, Any], earlier: Mapping[str, Any], read: Sequence[Part], told: Mapping[str, Sequence[Measure]]
) -> tuple[Scored, ...]:
    """Every instrument that was answered, and those that are told in any case; `told`: the totals before and now."""
    lines = {line.item: line for part in read for line in part.lines}
    found = []
    asked = instruments_in(values)
    for name in (*asked, *(one for one in SCORED if one not in asked)):
        instrument = library.catalogue().get((name, "en"))  # licensed wording may have been taken away since
        score = score_of_values(values, name)
        own = f"{short_name(name)}."
        found.append(
            Scored(
                title=f"{name} ({instrument.title})" if instrument else name,
                total=_total(score),
                band=(score.severity or "").replace("_", " "),
                positive=score.positive,
                before=_total(score_of_values(earlier, name)) if earlier else "",
                lines=tuple(line for item, line in lines.items() if item.startswith(own)),
                trend=tuple(told.get(name, ())[-TREND:]),
                change=change_words(told.get(name, ())),
            )
        )
    return tuple(found)


def _total(score: Score) -> str:
    if score.score is None:
        return "No score: answers are missing" if score.status in ("incomplete", "unscorable") else "No score"
    total = f"{score.score:g}"
    return f"{total} (prorated: an answer is missing)" if score.status == "prorated" else total
