"""Telephone numbers as columns."""

from functools import lru_cache
from typing import Any

from phonenumber_field import modelfields
from phonenumber_field.phonenumber import PhoneNumber, to_python


@lru_cache(maxsize=4096)
def _read(number: str) -> PhoneNumber:
    """Nothing changes one: it may be shared."""
    return to_python(number)


class _PhoneNumberField(modelfields.PhoneNumberField):  # type: ignore[misc]  # its package has no types
    """The package's, which takes a number apart each time its row is read: here once, however often it is."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> PhoneNumber | str | None:
        """The number; an empty column as it is."""
        return _read(value) if value else value

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """As the package's own: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, "phonenumber_field.modelfields.PhoneNumberField", args, kwargs


PhoneNumberField: Any = _PhoneNumberField  # columns without types, as the package has none
