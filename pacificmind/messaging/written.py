"""A message out of a script and values: what becomes of each paragraph. Pure but for the words' files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacificmind.messaging.catalogue import ENGLISH, Script, fill, phrase
from pacificmind.messaging.kinds import BLOCKS, EVERYWHERE, KINDS
from pacificmind.messaging.said import say

_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?!\.)")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Row:
    """One visit of a list: when, where, and what is no longer so."""

    when: str
    where: str
    was: str = ""

    def plain(self) -> str:
        """In a mail without HTML."""
        return "\n  ".join(filter(None, (f"- {self.when}", self.where, self.was)))


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph: its text, or the rows of a list, or a link with its words. `note` stands behind a link."""

    text: str = ""
    rows: tuple[Row, ...] = ()
    url: str = ""
    note: str = ""

    def plain(self) -> str:
        """As it stands in a mail without HTML."""
        if self.rows:
            return "\n".join(row.plain() for row in self.rows)
        if self.url:
            return f"{self.text}{' ' if self.note else ''}{self.note}:\n{self.url}"
        return self.text


@dataclass(frozen=True, slots=True)
class Around:
    """What every message knows of its reader and of the clinic. `base`: the portal's address without a path."""

    name: str
    clinic: str
    phone: str
    hours: str
    base: str


class Writer:
    """Writes one script with one message's values, in the language of the script."""

    def __init__(self, script: Script, values: Mapping[str, Any], around: Around) -> None:
        self.script, self.values, self.around = script, values, around
        self.kind = KINDS[script.key]

    def phrase(self, which: str, /, **values: object) -> str:
        """One of the words that all messages share."""
        return phrase(which, self.script.language, **values)

    def inline(self, text: str) -> str:
        """A line with its values put in; blanks run together. KeyError for a placeholder that nobody knows."""
        said = " ".join(fill(text, self._value).split())
        return _TWO_STOPS.sub(".", said)  # "12:30 p. m." at the end of a sentence

    def _value(self, hole: str) -> str:
        match hole:
            case "stop":
                return self.phrase("stop")
            case "url":
                return self.url()
        if hole in EVERYWHERE:
            return str(getattr(self.around, hole))
        return say(self.values[hole], self.script.language)

    def url(self) -> str:
        """Where the message leads."""
        return f"{self.around.base}{self.values.get('path', '/')}"

    def subject(self) -> str:
        """The subject, on one line."""
        return self.inline(self.script.subject)

    def parts(self) -> list[Part]:
        """The paragraphs of the mail; those that say nothing this time are left out."""
        found: list[Part] = []
        for paragraph in _PARAGRAPHS.split(self.script.mail.replace("\r\n", "\n").strip()):
            text = paragraph.strip()
            hole = text[1:-1]
            if text == f"{{{hole}}}" and hole in BLOCKS:
                found += getattr(self, f"_{hole}")()
            elif said := self.inline(text):
                found.append(Part(said))
        return found

    def _visits(self) -> list[Part]:
        language = self.script.language
        rows = tuple(
            Row(say(one["when"], language), say(one["where"], language), say(one.get("was", ""), language))
            for one in self.values["visits"]
        )
        return [Part(rows=rows)] if rows else []

    def _questions(self) -> list[Part]:
        """The link to what is asked before a visit, where something is."""
        asked = self.values.get("answer_path")
        if not asked:
            return []
        name = "ready" if self.values.get("asks") else "come"
        return [Part(self.phrase(name)), Part(self.phrase(f"{name}_link"), url=f"{self.around.base}{asked}")]

    def _link(self) -> list[Part]:
        label = self.phrase("portal_link") if self.values.get("answer_path") else self.script.link
        return [Part(label, url=self.url(), note=self.phrase("sign_in") if self.kind.sign_in else "")]

    def hello(self) -> str:
        """How a mail greets."""
        return self.phrase("hello", name=self.around.name) if self.around.name else self.phrase("hello_all")

    def closing(self) -> list[str]:
        """What stands below every mail: whom to call, who wrote, where to turn in distress. Nobody edits it."""
        hours = self.around.hours if self.script.language == ENGLISH else ""  # a clinic writes them in English
        return [
            self.phrase("call" if hours else "call_any", phone=self.around.phone, hours=hours),
            self.around.clinic,
            self.phrase("help"),
        ]
