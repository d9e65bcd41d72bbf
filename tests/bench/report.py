"""The lines as JSON or as a table, and beside those of a saved run."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.bench.lines import Line


def as_json(line: Line) -> str:
    """One object a line (INTERFACES)."""
    return json.dumps(line.public())


def load(path: Path) -> dict[str, Mapping[str, object]]:
    """The lines of a saved run, by name."""
    return {one["name"]: one for one in map(json.loads, path.read_text().splitlines()) if one}


def save(path: Path, lines: Iterable[Line]) -> None:
    """Keep a run to compare with."""
    path.write_text("".join(f"{as_json(line)}\n" for line in lines))


def heading() -> str:
    """Above the table."""
    return f"{'what':<58} {'value':>10}        {'ratio':>7}  {'p95':>8} {'p99':>8}  {'goal':<16} reached   before"


def row(line: Line, before: Mapping[str, object] | None) -> str:
    """One line of the table."""
    reached = {True: "yes", False: "NO", None: ""}[line.reached]
    goal = "" if line.goal is None else f"{line.of} {'>=' if line.at_least else '<='} {line.goal:g}"
    told = "" if before is None else f"{_number(before['value'])} {_number(before['ratio'])}"
    return (
        f"{line.name:<58} {_number(line.value):>10} {line.unit:<7} {_number(line.ratio):>6}  {_number(line.p95):>8}"
        f" {_number(line.p99):>8}  {goal:<16} {reached:<8}  {told}" + (f"\n    {line.notes}" if line.notes else "")
    ).rstrip()


def _number(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
