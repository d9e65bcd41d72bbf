"""Words that no mail, text, subject, title or address may carry: drugs, diagnoses, specialties (DESIGN 6)."""

import re

FORBIDDEN = (
    "ketamin",
    "esketamin",
    "spravato",
    "infusion",
    "booster",
    "depress",
    "ptsd",
    "trauma",
    "bipolar",
    "suicid",
    "psychiatr",
    "psycholog",
    "mental",
    "anxiety",
    "phq",
    "alcohol",
    "drug",
    "diagnos",
    "treatment-resistant",
    "antidepressant",
    "therapy",
    "clearance",
)
_ANY = re.compile("|".join(FORBIDDEN), re.IGNORECASE)


def forbidden_in(text: str) -> list[str]:
    """The forbidden words found."""
    return _ANY.findall(text)
