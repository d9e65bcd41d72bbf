"""How a text message travels: 7-bit letters, in parts (3GPP TS 23.038, 23.040). Pure.

One part holds 160 characters of the GSM alphabet, or 70 of any other; of several, each holds 153 or 67. A single
curly quote turns the whole text into the short kind, so what has a plain spelling is written plainly.
"""

import unicodedata
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€"  # two places each
_PLAIN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u00a0": " ",
        "\u2009": " ", "\u202f": " ", "\u200b": "", "\u2022": "-", "\u00b7": "-", "\u00ba": "o", "\u00aa": "a",
        "`": "'", "\u00b4": "'", "\t": " ",
    }
)  # fmt: skip
ONE, EACH = 160, 153
ONE_WIDE, EACH_WIDE = 70, 67
MOST_WRITTEN = 2  # parts of a text as a manager may word it, filled in with long values
MOST_SENT = 3  # parts of any text that leaves


@dataclass(frozen=True, slots=True)
class Plan:
    """A text as it will be sent: `places` used, and in how many parts."""

    text: str
    gsm: bool
    places: int
    parts: int


def plan(text: str) -> Plan:
    """Spell plainly what can be, and count. What has no plain spelling makes the text a wide one: nothing is lost."""
    written = "".join(map(_plain, text.translate(_PLAIN)))
    if all(one in _BASIC or one in _EXTENDED for one in written):
        places = len(written) + sum(one in _EXTENDED for one in written)
        return Plan(written, True, places, _parts(places, ONE, EACH))
    places = len(written.encode("utf-16-be")) // 2
    return Plan(written, False, places, _parts(places, ONE_WIDE, EACH_WIDE))


def _plain(one: str) -> str:
    """A letter of the alphabet, or the letter under its accent (á: a), or itself."""
    if one in _BASIC or one in _EXTENDED:
        return one
    spread = unicodedata.normalize("NFKD", one)
    base, marks = spread[0], spread[1:]
    same = all(map(unicodedata.combining, marks)) and unicodedata.category(one) != "No"  # ½ is not 1
    return base if same and base in _BASIC else one


def _parts(places: int, one: int, each: int) -> int:
    return 1 if places <= one else -(-places // each)
