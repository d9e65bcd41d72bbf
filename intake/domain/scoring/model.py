"""What scoring gives back, and how raw answers are checked before anything is added up."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Status = Literal["complete", "prorated", "incomplete", "unscorable", "invalid", "refused"]
Context = Mapping[str, object]
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Score:
    """The result of one instrument. `score`, `severity` and `positive` are None where they mean nothing."""

    status: Status
    score: int | float | None = None
    severity: str | None = None
    positive: bool | None = None
    extra: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    instrument: str = ""
    version: str = ""

    @property
    def usable(self) -> bool:
        """Whether the total may be shown and compared: complete, or prorated by a published rule."""
        return self.status in ("complete", "prorated")


class Invalid(ValueError):
    """The answers are not answers to this instrument: wrong type, out of range, wrong count."""


def whole(value: object, allowed: range | frozenset[int], what: str) -> int:
    """Return `value` if it is an int (never a bool, float or text) in `allowed`; otherwise raise Invalid."""
    if type(value) is not int or value not in allowed:
        raise Invalid(f"{what}: {value!r} is not an allowed answer")
    return value


def word(value: object, allowed: Sequence[str], what: str) -> str:
    """Return `value` if it is one of the words `allowed`; otherwise raise Invalid."""
    if type(value) is not str or value not in allowed:
        raise Invalid(f"{what}: {value!r} is not one of {', '.join(allowed)}")
    return value


def truth(value: object, what: str) -> bool | None:
    """Return a bool or None as given; otherwise raise Invalid (0 and 1 are not truth values)."""
    if value is None or type(value) is bool:
        return value
    raise Invalid(f"{what}: {value!r} is neither true, false nor null")


def given(context: Context, key: str, default: object) -> object:
    """Return a context value, or the default where it is absent or null."""
    value = context.get(key)
    return default if value is None else value


def listed(items: object, count: int) -> Sequence[object]:
    """Return `items` if it is a list of exactly `count`; otherwise raise Invalid."""
    if not isinstance(items, list | tuple) or len(items) != count:
        raise Invalid(f"expected a list of {count} answers")
    return items


def integers(items: object, count: int, allowed: range) -> list[int | None]:
    """Return `count` integers in `allowed`, None where an answer is missing; raise Invalid otherwise."""
    return [
        None if value is None else whole(value, allowed, f"item {number}")
        for number, value in enumerate(listed(items, count), 1)
    ]


def named(items: object, keys: Sequence[str]) -> Mapping[str, object]:
    """Return the answers of a keyed instrument; an absent key is None, a strange one is Invalid."""
    if not isinstance(items, Mapping):
        raise Invalid("expected named answers")
    if strangers := sorted(str(key) for key in items if key not in keys):
        raise Invalid(f"unexpected {', '.join(strangers)}")
    return {key: items.get(key) for key in keys}


def missing(values: Sequence[object]) -> list[int]:
    """Return the numbers, from 1, of the answers that are None."""
    return [number for number, value in enumerate(values, 1) if value is None]


def answered(values: Sequence[int | None]) -> list[int]:
    """Return the answers that are there."""
    return [value for value in values if value is not None]


def incomplete(values: Sequence[object], **extra: object) -> Score:
    """Return the score that is not one: what is missing, and whatever is known without it."""
    return Score("incomplete", extra={"missing": missing(values), **extra})


def round_half_up(value: float) -> int:
    """Round as on paper: a half goes up (Python's own rounding would take 4.5 to 4)."""
    return math.floor(value + 0.5)


def band(total: int, bands: Sequence[tuple[int, str]]) -> str:
    """Return the name of the band, `bands` being (lowest total, name) in rising order from 0."""
    return next(name for low, name in reversed(bands) if total >= low)
