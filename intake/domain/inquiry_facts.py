"""From the answers before and after a visit to the facts of screening (D45, D50, D67, D79, D80, D87). Pure.

A declined answer is not known, which is not no. What is true of the day of the visit alone counts through that day.
"""

from collections.abc import Mapping
from typing import Any

YES, NO, UNKNOWN = "yes", "no", "unknown"
PLAIN = {"yes": YES, "no": NO, "none": NO, None: UNKNOWN}
# Question to the fact it answers, and whether it is true of the day of the visit alone.
ANSWERED: Mapping[str, tuple[str, bool]] = {
    "ready.ill": ("acute_illness", True),
    "ready.fasting": ("fasted", True),
    "ready.escort": ("escort_confirmed", True),
    "ready.pregnancy": ("could_be_pregnant", False),
    "ready.bladder": ("bladder_symptoms", False),
    "use.bladder": ("bladder_symptoms", False),
    "effects.high": ("mania_symptoms_in_series", False),
}
PRESSURE = {"ready.systolic": "bp_systolic", "ready.diastolic": "bp_diastolic"}


def facts_of_answers(answers: Mapping[str, Any], *, of_the_day: bool) -> dict[str, Any]:
    """The facts, with the names and values of `manage.py screen`; those of the day of a visit only where they count.

    `answers` are by question; null was declined, and a question that was not reached has no key.
    """
    found: dict[str, Any] = {}
    for item, (fact, daily) in ANSWERED.items():
        if item in answers and (of_the_day or not daily):
            found[fact] = PLAIN.get(answers[item], UNKNOWN)
    pressure = {fact: answers.get(item) for item, fact in PRESSURE.items()}
    if of_the_day and None not in pressure.values():
        found |= pressure
    return found
