"""What a manager's words must keep to. Pure. The same rules hold for the words that come with the software."""

import re

from pacificmind.messaging.catalogue import Script, holes, stray_braces
from pacificmind.messaging.forbidden import forbidden_in
from pacificmind.messaging.kinds import BLOCKS, EVERYWHERE, KINDS, Kind

LONGEST_SUBJECT, LONGEST_MAIL, LONGEST_SMS = 120, 4000, 600
MUST_SAY = {"text-unread": ("988", "911")}
_IN_LINE = re.compile(r"https?://|www\.", re.IGNORECASE)


def allowed(kind: Kind, part: str) -> list[str]:
    """The placeholders that a part (`subject`, `mail`, `sms`) may hold, those it must hold first."""
    must = sorted(required(kind, part))
    if part == "subject":
        return must + sorted(kind.subject - set(must))
    if part == "sms":
        return must + sorted({"clinic", "phone"} - set(must))
    return must + sorted((EVERYWHERE | kind.optional) - set(must))


def required(kind: Kind, part: str) -> frozenset[str]:
    """The placeholders that a part must hold."""
    return {"subject": frozenset(), "mail": kind.mail or frozenset(), "sms": kind.sms or frozenset()}[part]


def problems(script: Script) -> dict[str, list[str]]:
    """What is wrong with each part, in words for whoever wrote it; nothing for words that may leave."""
    kind = KINDS[script.key]
    parts = {"subject": kind.mail is not None, "mail": kind.mail is not None, "sms": kind.sms is not None}
    found = {name: _of_part(script, kind, name) for name, there in parts.items() if there}
    return {name: said for name, said in found.items() if said}


def _of_part(script: Script, kind: Kind, part: str) -> list[str]:
    text: str = getattr(script, part)
    if not text.strip():
        return ["Please write something here, or go back to the words that came with the software."]
    return [*_too_long(text, part), *_placeholders(text, kind, part), *_words(text), *_help(text, kind)]


def _help(text: str, kind: Kind) -> list[str]:
    """Whoever writes in distress gets the numbers of help, whatever else the words say."""
    missing = [number for number in MUST_SAY.get(kind.key, ()) if number not in text]
    return [f"{number} must stay: whoever writes in distress needs it." for number in missing]


def _too_long(text: str, part: str) -> list[str]:
    most = {"subject": LONGEST_SUBJECT, "mail": LONGEST_MAIL, "sms": LONGEST_SMS}[part]
    found = [f"This is {len(text)} characters long: no more than {most}."] if len(text) > most else []
    return [*found, "A subject is one line."] if part == "subject" and "\n" in text.strip() else found


def _placeholders(text: str, kind: Kind, part: str) -> list[str]:
    said, known = holes(text), allowed(kind, part)
    found = [f"{{{hole}}} is not known here." for hole in dict.fromkeys(said) if hole not in known]
    found += [f"{{{hole}}} must stay: the message needs it." for hole in known[: len(required(kind, part))]
              if hole not in said]  # fmt: skip
    if stray_braces(text):
        found.append("There is a { or } that belongs to no placeholder. Please take it out.")
    if part == "mail":
        found += [
            f"{{{hole}}} must stand once, on a line of its own with an empty line before and after it."
            for hole in sorted(BLOCKS & set(said) & set(known))
            if said.count(hole) > 1 or f"\n\n{{{hole}}}\n\n" not in _spaced(text)
        ]
    return found


def _spaced(text: str) -> str:
    lines = "\n".join(line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    return f"\n\n{lines.strip()}\n\n"


def _words(text: str) -> list[str]:
    found = list(dict.fromkeys(word.lower() for word in forbidden_in(text)))
    said = []
    if found:
        named = ", ".join(f"“{word}”" for word in found)
        said.append(f"Messages name no drug, no diagnosis and no specialty. Please take out {named}.")
    if _IN_LINE.search(text):
        said.append("Please write no address of a page: the message brings its own link.")
    return said
