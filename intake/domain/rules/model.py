"""What a predicate is: facts and thresholds in, evidence out, or None where the rule does not apply."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Flag, Thresholds


@dataclass(frozen=True, slots=True)
class Raised:
    """Why a rule applies. `flag` and `high` replace the table's; `note` fills {n} in the reason or follows it."""

    because: tuple[str, ...]
    flag: Flag | None = None
    high: bool = False
    note: str = ""


Predicate = Callable[[Facts, Thresholds], Raised | None]


def said(facts: Facts, *names: str) -> tuple[str, ...]:
    """Return `name=value` of these facts, in the words of the interface."""
    return tuple(f"{name}={shown(getattr(facts, name))}" for name in names)


def shown(value: object) -> str:
    """Return a value as it is written in the interface."""
    if isinstance(value, Tri):
        return value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    return "null" if value is None else f"{value}"


def answered(facts: Facts, names: Iterable[str], answer: Tri) -> tuple[str, ...]:
    """Return those of `names` that were answered so."""
    return tuple(name for name in names if getattr(facts, name) is answer)


def raised_if(condition: bool, facts: Facts, *names: str, note: str = "") -> Raised | None:
    """Return the named facts as evidence if the condition holds."""
    return Raised(said(facts, *names), note=note) if condition else None
