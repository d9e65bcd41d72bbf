"""Slips of the hand in a typed name: one letter wrong, missing, too many, or two that changed places."""

import re

SHORTEST = 4  # letters: below, one slip makes almost any name of another


def plain_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Folded words as the names are searched: "o'brien-ruiz" becomes "obrien" and "ruiz"."""
    parts = (part for word in words for part in re.sub("['\u2019]", "", word).split("-"))
    return tuple(part for part in parts if part)


def one_slip(word: str) -> str:
    """A regular expression for a whole word that is one slip away from `word`; empty where the word is too short."""
    if len(word) < SHORTEST:
        return ""
    known = [re.escape(sign) for sign in word]
    places = range(len(known))
    forms = {"".join([*known[:n], ".", *known[n + 1 :]]) for n in places}
    forms |= {"".join([*known[:n], ".", *known[n:]]) for n in range(len(known) + 1)}
    forms |= {"".join(known[:n] + known[n + 1 :]) for n in places}
    forms |= {"".join([*known[:n], known[n + 1], known[n], *known[n + 2 :]]) for n in range(len(known) - 1)}
    return f" ({'|'.join(sorted(forms))})( |$)"
