"""The tokens keep AAA for text and AA for the rest, in light and in dark."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css").read_text()
_LIGHT, _DARK = CSS.split("@media screen and (prefers-color-scheme: dark)")


def _colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--pm-([a-z-]+): (#[0-9a-f]{6});", css))


THEMES = {"light": _colours(_LIGHT), "dark": _colours(_LIGHT) | _colours(_DARK)}
GROUNDS = ("ground", "surface", "sunk")
TEXT = [(text, ground) for text in ("text", "muted") for ground in GROUNDS] + [
    ("calm-text", "calm"),
    ("person-text", "person-ground"),
    ("safety-text", "safety-ground"),
]
AA = [
    *(("link", ground) for ground in (*GROUNDS, "calm")),
    ("on-action", "action"),
    ("on-action", "action-hover"),
    ("on-safety", "safety"),
    ("on-safety", "safety-hover"),
    ("person-text", "surface"),
    ("person-text", "ground"),
]
EDGES = [(edge, ground) for edge in ("line-strong", "action", "person", "safety") for ground in ("ground", "surface")]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_colours() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 7.0), (AA, 4.5), (EDGES, 3.0)], ids=["text", "aa", "edges"])
def test_pairs_reach_their_contrast(theme: str, pairs: list[tuple[str, str]], least: float) -> None:
    colours = THEMES[theme]
    short = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: value for pair, value in short.items() if value < least} == {}


def test_dark_sets_every_colour_of_its_own() -> None:
    assert set(_colours(_LIGHT)) - set(_colours(_DARK)) == set()
