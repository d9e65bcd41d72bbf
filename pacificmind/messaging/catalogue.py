"""The words that come with the software, by kind and language; and the little words that all messages share.

Filling in is plain substitution of {names}: no expression, no attribute, no template language, whoever wrote the words.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pacificmind.messaging.kinds import KINDS

ENGLISH, SPANISH = "en", "es"
LANGUAGES = {ENGLISH: "English", SPANISH: "Español"}
_FOLDER = Path(__file__).resolve().parent / "data"
_HOLE = re.compile(r"\{([a-z_]+)\}")
_ANY_BRACE = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Script:
    """The words of one message in one language. `version` 0: as they came with the software. `link`: of its button."""

    key: str
    language: str
    subject: str = ""
    mail: str = ""
    sms: str = ""
    version: int = 0
    link: str = ""


@cache
def _read(language: str) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((_FOLDER / f"words.{language}.toml").read_text(encoding="utf-8"))


@cache
def shipped(key: str, language: str) -> Script:
    """The words as they came; English where the language is none of ours. KeyError for a kind that nobody knows."""
    language = language if language in LANGUAGES else ENGLISH
    found = _read(language)[KINDS[key].key]
    return Script(
        key=key,
        language=language,
        subject=found.get("subject", ""),
        mail=found.get("mail", "").strip(),
        sms=found.get("sms", ""),
        link=found.get("link", phrase("link", language)),
    )


def phrase(which: str, language: str, /, **values: object) -> str:
    """One of the words that all messages share."""
    language = language if language in LANGUAGES else ENGLISH
    return fill(_read(language)["phrases"][which], lambda hole: str(values[hole]))


def phrases(language: str) -> Mapping[str, str]:
    """All of them, not filled in."""
    return _read(language)["phrases"]


def holes(text: str) -> list[str]:
    """The placeholders of a text, in order, each as often as it stands there."""
    return _HOLE.findall(text)


def stray_braces(text: str) -> bool:
    """Whether braces are left that are no placeholder."""
    return bool(_ANY_BRACE.search(_HOLE.sub("", text)))


def fill(text: str, value: Callable[[str], str]) -> str:
    """Put values in. What is put in is not read again: a value with braces stays what it is. KeyError from `value`."""
    return _HOLE.sub(lambda found: value(found.group(1)), text)
