"""Finding people: what somebody typed at the desk, read as names, digits of a telephone, a date of birth."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)",
        r"(?<![\d/.-])(?P<month>\d{1,2})(?P<between>[/.-])(?P<day>\d{1,2})(?P=between)(?P<year>\d{4}|\d{2})(?![\d/.-])",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})\s+{_MONTH},?\s+(?P<year>\d{{4}})(?!\d)",
    )
)
_PHONE = re.compile(r"\+?\(?\d[\d\s().\-]*\d")
FEWEST_DIGITS = 4  # the end of a number, as people remember it
WHOLE_NUMBER = 10  # digits of a US number with its area code


class RecordRefused(Exception):
    """What was asked cannot be done with this record; the text says what to do. Nothing was saved."""

    def __init__(self, say: str) -> None:
        self.say = say
        super().__init__(say)


class RecordChanged(RecordRefused):
    """Somebody else changed it since the page was opened."""

    def __init__(self) -> None:
        super().__init__("Somebody else changed this meanwhile. Nothing was saved: look at it as it is now.")


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked for. `unread` is a date that no calendar has."""

    words: tuple[str, ...] = ()
    digits: str = ""
    birth_on: date | None = None
    unread: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed that could find anybody."""
        return not (self.words or self.digits or self.birth_on)

    @property
    def is_one_letter(self) -> bool:
        """One letter and nothing beside it: as the beginning of a name, it would be that of every fifth person."""
        return len(self.words) == 1 and len(self.words[0]) == 1 and not (self.digits or self.birth_on)

    @property
    def is_exact(self) -> bool:
        """A whole telephone number and a date of birth: enough to tell that somebody is known at the other site."""
        return len(self.digits) >= WHOLE_NUMBER and self.birth_on is not None


def folded(name: str) -> str:
    """Lower case without accents: "Núñez" becomes "nunez"."""
    plain = unicodedata.normalize("NFD", name)
    return "".join(sign for sign in plain if not "\u0300" <= sign <= "\u036f").lower()


def look(typed: str, *, today: date) -> Looked:
    """Read names, a telephone number or its end, and a date of birth in any order.

    Dates: 1985-04-12, 4/12/1985, 4/12/85, 4.12.1985, April 12 1985, 12 Apr 1985; months come first, as in the US.
    """
    rest, birth_on, unread = _date(typed, today)
    digits = ""
    for found in _PHONE.findall(rest):
        digits = digits or "".join(sign for sign in found if sign.isdigit())
    rest = _PHONE.sub(" ", rest)
    digits = digits.removeprefix("1") if len(digits) == WHOLE_NUMBER + 1 else digits
    words = tuple(word for word in re.split(r"[\s,;]+", folded(rest)) if any(sign.isalpha() for sign in word))
    return Looked(words, digits if len(digits) >= FEWEST_DIGITS else "", birth_on, unread)


def _date(typed: str, today: date) -> tuple[str, date | None, str]:
    for pattern in _DATES:
        match = pattern.search(typed)
        if match is None:
            continue
        parts = match.groupdict()
        month = int(parts["month"]) if parts.get("month") else 1 + _MONTHS.index(parts["name"][:3].lower())
        rest = f"{typed[: match.start()]} {typed[match.end() :]}"
        try:
            return rest, date(_year(parts["year"], today), month, int(parts["day"])), ""
        except ValueError:
            return rest, None, match.group()
    return typed, None, ""


def _year(written: str, today: date) -> int:
    """Nobody is born in the future: of two digits, the year that is past."""
    if len(written) == 4:
        return int(written)
    year = today.year // 100 * 100 + int(written)
    return year if year <= today.year else year - 100
