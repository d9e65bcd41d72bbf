"""The parts of a safety plan, in the clinic's own words (CLINICAL 4.2, point 8). Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the column it is kept in, its heading, and what could stand there."""

    name: str
    title: str
    hint: str


PARTS = (
    Part("signs", "How I notice that it gets hard", "Thoughts, feelings, places or times that come before it."),
    Part("alone", "What I can do by myself", "Things that have helped before, even a little."),
    Part("around", "People and places that take my mind off it", "A café, a walk with someone, a phone call."),
    Part("people", "People I can ask for help", "Names and numbers of those who may know how I feel."),
    Part(
        "professionals",
        "Professionals I can call",
        "My clinic, my therapist, my doctor. 988 is there day and night, by call or text.",
    ),
    Part(
        "surroundings",
        "How I make the place around me safer",
        "What to put away or give to someone to keep: guns, medicine, also what is left over.",
    ),
    Part("reasons", "What I live for", "People, animals, plans, small things."),
)
NAMES = tuple(part.name for part in PARTS)
LENGTH = 2_000  # characters a part
