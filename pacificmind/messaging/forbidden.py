"""Words that no mail, text, subject, title or address may carry: drugs, diagnoses, specialties (DESIGN 6). Pure.

One list for what a manager may write, for the words that come with the software, and for the tests of all that leaves.
Compared without accents and without invisible letters, in English and in Spanish.
"""

import re
import unicodedata

ENGLISH = (
    "ketamin", "spravato", r"\bketalar", "infusion", "booster", "depress", "ptsd", "post-?traumatic", "trauma",
    "bipolar", r"\bmania", r"\bmanic\b", "schizo", "psychosis", "psychotic", "suicid", "psychiatr", "psycholog",
    "psychotherap", "psychedelic", r"\bmental", "anxi(?:ety|ous)", r"\bpanic", "insomnia", r"\bocd\b", r"\badhd\b",
    r"\bphq", r"\bpcl-?5", r"\bgad-?7", r"\bc-?ssrs", "alcohol", r"\bdrugs?\b", "opioid", "addict", "substance",
    "diagnos", "treatment[- ]resistant", r"\btherap(?:y|ies|ist)", "esketamine", r"\bclearance", "self-?harm",
    "overdos", "anesthe", "anaesthe", "sedat",
)  # fmt: skip
SPANISH = (
    "infusion", "depresi", "deprimi", r"\btept\b", "postraumatic", "psiquiatr", "psicolog", "psicoterap", "psicosis",
    "psicotic", "esquizo", "suicid", "ansiedad", r"\bmentales?\b", "alcohol", r"\bdrogas?\b", "farmaco",
    "medicamento", "sustancia", "diagnostic", r"\bterapi", "terapeut", "resistente al tratamiento", "refuerzo",
    "sobredosis", "autolesi", "anestesi", "sedacion", "adiccion", "opioide", "insomnio", "panico", r"\bmania",
)  # fmt: skip
_ANY = re.compile("|".join(dict.fromkeys((*ENGLISH, *SPANISH))), re.IGNORECASE)


def forbidden_in(text: str) -> list[str]:
    """The forbidden words found, as they stand in the text without its accents."""
    return _ANY.findall(_plain(text))


def _plain(text: str) -> str:
    """Without accents, soft hyphens and what has no width, so that nothing hides behind them."""
    spread = unicodedata.normalize("NFKD", text)
    return "".join(one for one in spread if not unicodedata.combining(one) and unicodedata.category(one) != "Cf")
