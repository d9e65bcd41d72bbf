"""JSON lines in, JSON lines out, in the same order: the shape of `manage.py score` and `manage.py screen`."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from intake.domain.facts_json import FactError, facts_from
from intake.domain.medicines import MedicineTable
from intake.domain.policy import Policy
from intake.domain.scoring import UnknownInstrument, score
from intake.domain.screening import Finding, screen

Answer = Callable[[Mapping[str, object]], Mapping[str, object]]


class Unreadable(ValueError):
    """A line that cannot be answered. `known` is what could be read of it, for the answer."""

    def __init__(self, told: str, known: Mapping[str, object] | None = None) -> None:
        super().__init__(told)
        self.known = known or {}


def answer_lines(lines: Iterable[bytes], answer: Answer) -> Iterator[tuple[str, bool]]:
    """Yield (answer, readable) for each line; an unreadable one answers its error and number, from 1."""
    for number, line in enumerate(lines, 1):
        try:
            yield json.dumps(answer(_read(line, first=number == 1)), allow_nan=False), True
        except (ValueError, RecursionError) as problem:
            known = problem.known if isinstance(problem, Unreadable) else {}
            yield json.dumps({**known, "error": _told(problem), "line": number}), False


def score_line(asked: Mapping[str, object]) -> Mapping[str, object]:
    """Answer one line of `score`. Raises Unreadable for an instrument that is not known: it is refused, not guessed."""
    name = asked.get("instrument")
    if not isinstance(name, str):
        raise Unreadable("instrument is missing")
    context = asked.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise Unreadable("context must be an object")
    try:
        result = score(name, asked.get("items"), context)
    except UnknownInstrument as problem:
        raise Unreadable(str(problem), {**_key(asked), "instrument": name, "status": "refused"}) from problem
    return {
        "id": asked.get("id"),
        "instrument": result.instrument,
        "version": result.version,
        "status": result.status,
        "score": result.score,
        "severity": result.severity,
        "positive": result.positive,
        "extra": dict(result.extra),
    }


def screen_line(asked: Mapping[str, object], policy: Policy, medicines: MedicineTable) -> Mapping[str, object]:
    """Answer one line of `screen`. Raises Unreadable for facts that are not known or out of range."""
    try:
        facts = facts_from(asked.get("facts"), medicines)
    except FactError as problem:
        raise Unreadable(str(problem)) from problem
    findings = [finding_json(finding) for finding in screen(facts, policy)]
    return {"id": asked.get("id"), "ruleset": policy.version, "findings": findings}


def finding_json(finding: Finding) -> dict[str, object]:
    """Return a finding in the words of the interface; `high` is there only where it is true."""
    told: dict[str, object] = {"rule": finding.rule, "version": finding.version, "flag": finding.flag}
    if finding.high:
        told["high"] = True
    return {**told, "reason": finding.reason, "source": finding.source, "because": list(finding.because)}


def _read(line: bytes, *, first: bool) -> Mapping[str, object]:
    text = line.decode("utf-8-sig" if first else "utf-8")  # some editors begin a file with a mark
    asked = json.loads(text, object_pairs_hook=_once)
    if not isinstance(asked, dict):
        raise Unreadable("a line must be an object")
    return asked


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose names are all different: of two answers under one name, neither is taken."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a name is there twice")
    return found


def _key(asked: Mapping[str, object]) -> dict[str, object]:
    """The id of a line, where it can be written back (NaN cannot)."""
    try:
        json.dumps(asked.get("id"), allow_nan=False)
    except (ValueError, RecursionError):
        return {}
    return {"id": asked.get("id")}


def _told(problem: Exception) -> str:
    if isinstance(problem, Unreadable):
        return str(problem)
    return "not a line of JSON"
