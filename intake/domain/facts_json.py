"""Facts from JSON: every name and type is checked, so that a misspelt fact is an error and never an absent answer."""

import math
from collections.abc import Mapping
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from intake.domain.facts import Facts, Tri
from intake.domain.medicines import Medicine, MedicineTable, match

HINTS = get_type_hints(Facts)
NAMES = frozenset(field.name for field in fields(Facts))

ASQ_QUESTIONS = 5
BOUNDS: Mapping[str, tuple[float, float]] = {
    "age_years": (0, 130),
    "phq9_item9": (0, 3),
    "cssrs_q3": (0, 1),
    "cssrs_q4": (0, 1),
    "cssrs_q5": (0, 1),
    "cssrs_q6_lifetime": (0, 1),
    "cssrs_q6_3mo": (0, 1),
    "phq9_score": (0, 27),
    "phq9_baseline": (0, 27),
    "phq9_before_infusion": (0, 27),
    "phq9_difficulty": (0, 3),
    "gad7_score": (0, 21),
    "pcptsd5_score": (0, 5),
    "pcl5_score": (0, 80),
    "mdq_score": (0, 13),
    "rms_score": (0, 6),
    "audit_c_score": (0, 12),
    "bp_systolic": (30, 350),
    "bp_diastolic": (10, 250),
    "height_cm": (50, 260),
    "weight_kg": (10, 500),
}


class FactError(ValueError):
    """A fact has a name or a value that the decision table does not know."""


def facts_from(values: object, medicines: MedicineTable) -> Facts:
    """Return typed facts. History questions take "yes", "no", "unknown", true or false; null is not asked.

    Medicines are lines of free text, matched with `medicines`. Raises FactError, naming the fact.
    """
    if not isinstance(values, Mapping):
        raise FactError("facts must be an object")
    if strangers := sorted(str(name) for name in values if name not in NAMES):
        raise FactError(f"unknown fact: {', '.join(strangers)}")
    return Facts(**{name: _read(name, value, medicines) for name, value in values.items()})


def facts_json(facts: Facts) -> dict[str, object]:
    """The facts that are known, as `facts_from` reads them. What is null is left out."""
    values = {field.name: getattr(facts, field.name) for field in fields(Facts)}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> object:
    if isinstance(value, Tri):
        return value.value
    if isinstance(value, Medicine):
        return value.text
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _read(name: str, value: object, medicines: MedicineTable) -> Any:
    if value is None:
        return None
    if name == "medicines":
        return _medicines(value, medicines)
    kinds = [kind for kind in _alternatives(HINTS[name]) if kind is not NoneType]
    for kind in kinds:
        found, result = _as(kind, value)
        if found:
            return _bounded(name, result)
    raise FactError(f"{name}: {value!r} is not an allowed value")


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is UnionType or "Union" in str(get_origin(hint)) else (hint,)


def _as(kind: Any, value: object) -> tuple[bool, object]:
    """Return whether `value` is of this kind, and the typed value."""
    if kind is Tri:
        return _tri(value)
    if get_origin(kind) is Literal:
        return type(value) is str and value in get_args(kind), value
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind)[0], value)
    return type(value) is kind, value


def _tri(value: object) -> tuple[bool, object]:
    if isinstance(value, bool):
        return True, Tri.YES if value else Tri.NO
    try:
        return True, Tri(value)
    except ValueError:
        return False, None


def _tuple(kind: Any, value: object) -> tuple[bool, object]:
    if not isinstance(value, list | tuple):
        return False, None
    kinds = _alternatives(kind)
    ok = all(any(_as(one, part)[0] or (part is None and one is NoneType) for one in kinds) for part in value)
    return ok, tuple(value)


def _bounded(name: str, value: Any) -> Any:
    if name == "asq" and len(value) != ASQ_QUESTIONS:
        raise FactError(f"asq: {ASQ_QUESTIONS} answers are expected")
    if type(value) in (int, float):
        low, high = BOUNDS.get(name, (0, math.inf))
        if not low <= value <= high or math.isinf(value):
            raise FactError(f"{name}: {value!r} is out of range")
    return value


def _medicines(value: object, table: MedicineTable) -> tuple[Medicine, ...]:
    if not isinstance(value, list | tuple) or not all(type(line) is str for line in value):
        raise FactError("medicines: a list of texts is expected")
    return tuple(match(line, table) for line in value)
