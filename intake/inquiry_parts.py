"""The parts of inquiries as data, read once, and the form of one part."""

from dataclasses import replace
from functools import cache
from importlib.resources import files

from intake.sections import Section, parse


@cache
def parts() -> dict[str, Section]:
    """Every part by its name. Instruments' own words, and questions of the clinic's own."""
    text = (files("intake") / "data" / "inquiry" / "parts.toml").read_text(encoding="utf-8")
    return {part.slug: part for part in parse(text, "parts.toml")}


def part(name: str) -> Section:
    """One part. Raises KeyError."""
    return parts()[name]


def asq_question(number: int) -> Section:
    """One question of the suicide screen on a page of its own; "prefer not to answer" is among its options."""
    whole = part("safety")
    one = next(item for item in whole.items if item.id == f"asq.{number}")
    return replace(whole, items=(replace(one, declinable=False),))
