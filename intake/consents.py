"""Consent documents as files of plain text: reading them, their fingerprint, their parts. Pure but for the files.

A file is named kind-version.txt. Its first line is the title. "# " begins a heading, "- " a point of a list, "[ ] " a
statement to be ticked; blank lines part paragraphs.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "statements"]
HEADING, POINT, STATEMENT = "# ", "- ", "[ ] "


@dataclass(frozen=True, slots=True)
class Document:
    """One file."""

    kind: str
    version: int
    title: str
    text: str

    @property
    def sha256(self) -> str:
        """The fingerprint of the exact text."""
        return fingerprint(self.text)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a text as it is drawn; lines are points, statements, headings or paragraphs."""

    kind: BlockKind
    lines: tuple[str, ...]


def fingerprint(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def documents() -> tuple[Document, ...]:
    """Every document shipped, by kind and version. Raises ValueError for a file with a strange name."""
    folder = files("intake") / "data" / "consents"
    found = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".txt"):
            kind, _, version = entry.name.removesuffix(".txt").rpartition("-")
            title, _, text = entry.read_text(encoding="utf-8").partition("\n")
            found.append(Document(kind, int(version), title.strip(), text.strip() + "\n"))
    return tuple(found)


CODE_LETTERS = 6


def access_code(sha256: str) -> str:
    """What stands at the end of the agreement to sign on screens: whoever types it has read to there."""
    return sha256[:CODE_LETTERS].upper()


def statements(text: str) -> tuple[str, ...]:
    """What is to be ticked, in order."""
    return tuple(line.removeprefix(STATEMENT) for line in text.splitlines() if line.startswith(STATEMENT))


def blocks(text: str) -> tuple[Block, ...]:
    """The text in pieces to draw."""
    return tuple(
        Block(kind, tuple(_bare(line) for line in lines))
        for kind, lines in groupby((line for line in text.splitlines() if line.strip()), key=_kind)
    )


def parts(text: str) -> tuple[list[Block], list[Block]]:
    """What is read first, and from the heading of the first statement on what is read while ticking."""
    every = list(blocks(text))
    first = next((n for n, block in enumerate(every) if block.kind == "statements"), len(every))
    begins = first - 1 if first and every[first - 1].kind == "heading" else first
    return every[:begins], every[begins:]


def _kind(line: str) -> BlockKind:
    if line.startswith(HEADING):
        return "heading"
    if line.startswith(STATEMENT):
        return "statements"
    return "list" if line.startswith(POINT) else "paragraph"


def _bare(line: str) -> str:
    return line.removeprefix(HEADING).removeprefix(STATEMENT).removeprefix(POINT)
