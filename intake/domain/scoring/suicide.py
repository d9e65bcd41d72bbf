"""ASQ and the Columbia screener. A known Yes is never hidden by an answer that is missing or refused."""

from collections.abc import Mapping, Sequence

from intake.domain.scoring.model import Context, Invalid, Score, incomplete, listed, missing, named, whole, word

ADULT_AGE = 18
CSSRS_KEYS = ("q1", "q2", "q3", "q4", "q5", "q6_lifetime", "q6_3mo")


def asq(items: object, context: Context) -> Score:
    """ASQ (NIMH). Items: five of Y, N, R (refused), null (not asked). Context: `age` in years, if known.

    Question 5 Yes is acute whatever the others are; any Yes without an answer to question 5 is treated as acute.
    A refusal is a positive answer for minors only.
    """
    values = [
        None if value is None else word(value, ("Y", "N", "R"), f"item {number}")
        for number, value in enumerate(listed(items, 5), 1)
    ]
    first, now = values[:4], values[4]
    yes = "Y" in first or (_minor(context) and "R" in first)
    if now == "Y":
        return Score("complete", severity="acute_positive", positive=True, extra=_gaps(first))
    if yes and now == "N":
        return Score("complete", severity="non_acute_positive", positive=True, extra=_gaps(first))
    if yes:
        status = Score("refused") if now == "R" else incomplete([*first, now])
        return Score(status.status, severity="acute_positive", positive=True, extra=status.extra)
    if "R" in values:
        return Score("refused", severity="refused_review", extra=_gaps(first))
    if missing(first):
        return incomplete(first)
    return Score("complete", severity="negative", positive=False)


def cssrs(items: object, context: Context) -> Score:
    """C-SSRS screener, triage of Columbia: question 4 is high, lifetime behaviour alone is moderate.

    With answers missing, `severity` is what the given answers amount to at least, never `none`.
    """
    answers = named(items, CSSRS_KEYS)
    given = {key: None if value is None else whole(value, range(2), key) for key, value in answers.items()}
    level = _triage(given)
    gaps = [number for number, key in enumerate(CSSRS_KEYS, 1) if given[key] is None and _asked(key, given)]
    if not gaps:
        return Score("complete", severity=level, positive=level != "none")
    known = None if level == "none" else level
    return Score("incomplete", severity=known, positive=True if known else None, extra={"missing": gaps})


def _triage(given: Mapping[str, int | None]) -> str:
    if given["q4"] or given["q5"] or given["q6_3mo"]:
        return "high"
    if given["q3"] or given["q6_lifetime"]:
        return "moderate"
    return "low" if given["q1"] or given["q2"] else "none"


def _asked(key: str, given: Mapping[str, int | None]) -> bool:
    """Whether the screener puts this question: 3 to 5 after a No to 2, and the recency after a No, are skipped."""
    if key in ("q3", "q4", "q5"):
        return given["q2"] != 0
    return not (key == "q6_3mo" and given["q6_lifetime"] == 0)


def _minor(context: Context) -> bool:
    age = context.get("age")
    if age is None:
        return False
    if type(age) is not int or age < 0:
        raise Invalid(f"age: {age!r} is not an age")
    return age < ADULT_AGE


def _gaps(values: Sequence[object]) -> dict[str, object]:
    return {"missing": missing(values)} if missing(values) else {}
