"""Which parts an inquiry has, and which of its answers a clinician looks at before anything else happens. Pure.

Parts are those of data/inquiry/parts.toml. Nothing here says what an answer means: it says who has to look.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from intake.domain.scoring import score

WHERE, READY, MOOD, MOOD_SHORT, THOUGHTS = "where", "ready", "mood", "mood-short", "thoughts"
SAFETY, STRESS, EFFECTS, USE = "safety", "stress", "effects", "use"
ITEM9 = "phq9.9"
WRITTEN = ("text", "long")  # kinds of questions that are answered in own words

SHORT_WITHIN = timedelta(hours=72)  # PHQ-2 and item 9 where a PHQ-9 is more recent than this (CLINICAL 1.9)
EFFECTS_UNTIL = 3  # days after: adverse effects are asked on days 1 and 3 (CLINICAL 1.9)
SAFETY_ON = (7, 14)  # days after on which the suicide screen is asked of everybody (CLINICAL 1.9)
STRESS_FROM = 7  # days after from which PCL-5 is asked on the PTSD track (CLINICAL 1.9)
USE_FROM = 21  # days after: urinary and substance questions, weekly and monthly (CLINICAL 1.9)
USE_EVERY = 4  # and once after every fourth treatment (CLINICAL 1.7)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and of whom. `since_phq9` at the occasion's reference instant: the visit's start, or now; None: never.

    `treatments`: infusions and boosters given so far; `first`: the first check-in after the last of them.
    """

    days_after: int
    since_phq9: timedelta | None = None
    ptsd: bool = False
    treatments: int = 0
    first: bool = False


def parts_for(occasion: Occasion) -> tuple[str, ...]:
    """The parts in order. Those before a visit have `days_after` 0.

    Where the patient is and how to reach them comes before any question about suicide (CLINICAL 1.5).
    """
    recent = occasion.since_phq9 is not None and timedelta() <= occasion.since_phq9 < SHORT_WITHIN
    mood = (MOOD_SHORT if recent else MOOD, THOUGHTS)
    if not occasion.days_after:
        return (READY, WHERE, *mood, SAFETY)
    days = occasion.days_after
    return (
        WHERE,
        *((EFFECTS,) if days <= EFFECTS_UNTIL else ()),
        *mood,
        *((SAFETY,) if days in SAFETY_ON else ()),
        *((STRESS,) if occasion.ptsd and days >= STRESS_FROM else ()),
        *((USE,) if days >= USE_FROM or _fourth(occasion) else ()),
    )


def _fourth(occasion: Occasion) -> bool:
    return occasion.first and occasion.treatments > 0 and occasion.treatments % USE_EVERY == 0


def with_safety(parts: Sequence[str], item9: int | None) -> list[str]:
    """The suicide screen follows item 9 wherever it was answered with more than "not at all" (CLINICAL 1.9)."""
    found = list(parts)
    if item9 and SAFETY not in found and THOUGHTS in found:
        found.insert(found.index(THOUGHTS) + 1, SAFETY)
    return found


#: Who looks at which answer. Declined counts as well: unknown is not no (CLINICAL 5).
LOOKS: Mapping[str, tuple[str, Collection[object]]] = {
    "ready.fasting": ("fasting", ("no", "unsure")),
    "ready.held": ("held", ("no", None)),
    "ready.medicines": ("medicines", ("yes", None)),
    "ready.ill": ("ill", ("yes", None)),
    "ready.pregnancy": ("pregnancy", ("yes", None)),
    "ready.bladder": ("bladder", ("yes", None)),
    "effects.worry": ("effects", ("yes",)),
    "effects.high": ("high", ("yes", None)),
    "use.bladder": ("bladder", ("yes", None)),
    "use.substance": ("substance", ("yes", None)),
}
WORDS: Mapping[str, str] = {
    "escort": "Nobody is named to take them home",
    "fasting": "Cannot fast, or is not sure how",
    "held": "Medicines: not as told, or not sure",
    "medicines": "Medicines have changed",
    "ill": "Has been ill",
    "pregnancy": "Pregnancy: yes, maybe, or not answered",
    "bladder": "Urinary symptoms, or not answered",
    "pressure": "Blood pressure above the limit to wait",
    "thoughts": "Item 9 above zero, or not answered",
    "effects": "An effect that is strong or worries them",
    "high": "High or irritable with little sleep, or not answered",
    "substance": "Substances: yes, or not answered",
}
ESCORT = "escort"  # the front desk sees to this one; all others are a clinician's


def waits_for_a_look(red: Iterable[str], *, looked: bool) -> bool:
    """Whether a clinician still has to look at what was answered: the one rule of the door, the lists and the page."""
    return not looked and bool(set(red) - {ESCORT})


def red_of(answers: Mapping[str, Any]) -> list[str]:
    """What somebody has to look at, in the order of WORDS. Questions that were not reached say nothing."""
    found = {name for item, (name, red) in LOOKS.items() if item in answers and answers[item] in red}
    if answers.get("ready.escort") == "no":
        found.add(ESCORT)
    if ITEM9 in answers and answers[ITEM9] != 0:
        found.add("thoughts")
    if _pressure_is_high(answers.get("ready.systolic"), answers.get("ready.diastolic")):
        found.add("pressure")
    return [name for name in WORDS if name in found]


def _pressure_is_high(upper: object, lower: object) -> bool:
    """Above the gate's limits (CLINICAL 1.6), or a pair of numbers that cannot be."""
    if upper is None and lower is None:
        return False
    gate = score("VITALS-GATE", {"phase": "pre", "sbp": upper, "dbp": lower, "hr": None, "spo2": None})
    return gate.status == "invalid" or gate.severity in ("hold_review", "do_not_start")
