"""What is filled into messages, said in the language of its reader. Pure but for the words' files."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from pacificmind.messaging.catalogue import SPANISH, phrase

_DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_NEAR = {0: "today", 1: "tomorrow"}


class Said(Protocol):
    """Something that each language says in its own way."""

    def say(self, language: str) -> str:
        """In that language."""


def day_words(day: date, language: str) -> str:
    """Tuesday, March 9; martes 9 de marzo."""
    if language == SPANISH:
        return f"{_DAYS[day.weekday()]} {day.day} de {_MONTHS[day.month - 1]}"
    return f"{day:%A, %B} {day.day}"


def clock_words(wall: datetime, language: str) -> str:
    """10:30 am; 10:30 a. m."""
    half = ("a. m.", "p. m.") if language == SPANISH else ("am", "pm")
    return f"{wall.hour % 12 or 12}:{wall:%M} {half[wall.hour >= 12]}"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on the wall clock of `zone`: Tuesday, March 9, 10:30 am."""

    at: datetime
    zone: ZoneInfo

    def say(self, language: str) -> str:
        """In that language."""
        wall = self.at.astimezone(self.zone)
        return f"{day_words(wall.date(), language)}, {clock_words(wall, language)}"


@dataclass(frozen=True, slots=True)
class NearMoment:
    """An instant that is so many days away: tomorrow, 10:30 am; on Tuesday, March 9, 10:30 am."""

    at: datetime
    zone: ZoneInfo
    days: int

    def say(self, language: str) -> str:
        """In that language."""
        wall = self.at.astimezone(self.zone)
        near = _NEAR.get(self.days)
        day = phrase(near, language) if near else phrase("on_day", language, day=day_words(wall.date(), language))
        return f"{day}, {clock_words(wall, language)}"


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many days ahead: today, tomorrow, in 3 days."""

    days: int

    def say(self, language: str) -> str:
        """In that language."""
        near = _NEAR.get(self.days)
        return phrase(near, language) if near else phrase("in_days", language, days=self.days)


@dataclass(frozen=True, slots=True)
class Day:
    """A date; with its year where it is not this one: Tuesday, March 9."""

    on: date
    this_year: int

    def say(self, language: str) -> str:
        """In that language."""
        words = day_words(self.on, language)
        if self.on.year == self.this_year:
            return words
        return f"{words} de {self.on.year}" if language == SPANISH else f"{words}, {self.on.year}"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some of the words that all messages share."""

    name: str

    def say(self, language: str) -> str:
        """In that language."""
        return phrase(self.name, language)


@dataclass(frozen=True, slots=True)
class About:
    """Some of the words that all messages share, about a time: No longer: Tuesday, March 9, 10:30 am."""

    name: str
    when: Moment

    def say(self, language: str) -> str:
        """In that language."""
        return phrase(self.name, language, when=self.when.say(language))


def say(value: object, language: str) -> str:
    """A value in words: itself where it is the same in every language."""
    told = getattr(value, "say", None)
    return told(language) if told is not None else str(value)
