"""Comparing what people type: whole words, without case, accents, apostrophes, punctuation or look-alike letters."""

import re
import unicodedata

APOSTROPHES = re.compile("['\u2019\u2018\u02bc\u00b4`\u2032\uff07]")
NOT_WORD = re.compile(r"[^a-z0-9]+")
# NFKC folds full-width and styled letters; the common Cyrillic and Greek twins of Latin letters are folded here.
TWINS = str.maketrans("аеорсухіјѕԁһкмтпѵαοικνρτυ", "aeopcyxijsdhkmtnvaoikvptu")
MARKS = frozenset({"Mn", "Cf"})  # accents, and invisible characters such as zero-width spaces


def plain(text: str) -> str:
    """Return the words of `text` in a form to compare, separated by single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(TWINS)
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) not in MARKS)
    return NOT_WORD.sub(" ", APOSTROPHES.sub("", bare)).strip()


def has_words(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` follow each other in `text`; both have been made plain."""
    return f" {phrase} " in f" {text} "
