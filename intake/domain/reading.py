"""Strict reading of data files: every key is expected, every value has one type, and the error names the place."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")

LOINC_CODE = re.compile(r"(LA)?\d{1,7}-\d")


class DataError(ValueError):
    """A data file does not say what it must say; nothing is served from it."""


class Table:
    """One TOML table with the place it was read from, for errors that can be acted on."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values = values
        self.where = where

    def only(self, *keys: str) -> None:
        """Raise DataError for a key outside `keys`: a misspelt setting must not be ignored."""
        if strangers := sorted(set(self.values) - set(keys)):
            raise DataError(f"{self.where}: unexpected {', '.join(strangers)}")

    def get(self, key: str, kind: type[T]) -> T:
        """Return the value of `key`, which must be of exactly the type `kind` (a bool is not an int)."""
        if key not in self.values:
            raise DataError(f"{self.where}: {key} is missing")
        value = self.values[key]
        if type(value) is not kind:
            raise DataError(f"{self.where}: {key} must be {kind.__name__}, not {value!r}")
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Like `get`, or None where the key is absent."""
        return self.get(key, kind) if key in self.values else None

    def text(self, key: str) -> str:
        """Return a string that is not blank."""
        value = self.get(key, str)
        if not value.strip():
            raise DataError(f"{self.where}: {key} is empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty where the key is absent."""
        values = self.maybe(key, list) or []
        if not all(type(value) is str and value.strip() for value in values):
            raise DataError(f"{self.where}: {key} must be a list of texts")
        return tuple(values)

    def tables(self, key: str) -> tuple["Table", ...]:
        """Return the tables of an array of tables, empty where the key is absent."""
        values = self.maybe(key, list) or []
        if not all(type(value) is dict for value in values):
            raise DataError(f"{self.where}: {key} must be a list of tables")
        return tuple(Table(value, f"{self.where}, {key} {n}") for n, value in enumerate(values, 1))

    def table(self, key: str) -> "Table":
        """Return a sub-table."""
        return Table(self.get(key, dict), f"{self.where}, {key}")

    def number(self, key: str) -> float:
        """Return an int or a float."""
        value = self.values.get(key)
        if type(value) not in (int, float):
            raise DataError(f"{self.where}: {key} must be a number, not {value!r}")
        return float(value) if isinstance(value, float) else int(value or 0)

    def loinc(self, key: str) -> str | None:
        """Return a LOINC code of the right shape, or None where the key is absent: none is ever invented."""
        code = self.maybe(key, str)
        if code is not None and not is_loinc(code):
            raise DataError(f"{self.where}: {key} is not a LOINC code: {code!r}")
        return code


def is_loinc(code: str) -> bool:
    """Whether `code` is a LOINC term or answer: shape and check digit (mod 10; LA counts 5, 8 before odd lengths)."""
    if not LOINC_CODE.fullmatch(code):
        return False
    digits, check = code.removeprefix("LA").split("-")
    doubled = "".join(digit if n % 2 else str(2 * int(digit)) for n, digit in enumerate(reversed(digits)))
    letters = (8 if len(digits) % 2 else 5) if code.startswith("LA") else 0
    return (sum(map(int, doubled)) + int(check) + letters) % 10 == 0
