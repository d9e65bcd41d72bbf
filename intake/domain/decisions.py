"""What a decision on an intake must say before it can be signed. Pure: the facts and today's date are arguments."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Literal

Decision = Literal["cleared", "cleared_with_conditions", "more_information", "not_cleared"]
CLEARING: frozenset[str] = frozenset({"cleared", "cleared_with_conditions"})
VISIT_KINDS = ("infusion", "booster")
OTHER = "other"
NOTHING: Mapping[str, str] = MappingProxyType({})

DEFAULT_DAYS = 180  # a clearance holds through this many days after it was signed, unless told otherwise (DESIGN 4)
LONGEST_DAYS = 366  # a mistyped year must not clear somebody for a decade
SHORTEST_BOOSTER_GAP = 7  # days; CLINICAL 1.7
MOST_INFUSIONS = 8  # CLINICAL 1.7: none longer was tested outside one trial of 12
FOLLOW_UP_DAYS = (1, 3)  # CLINICAL 4.2: 24 to 72 h

NEWER = "A newer version of this intake has come in; read it first."
DECIDED = "Another decision was signed while you were reading; read it first, then sign again."
FOUND = "Something was found or changed while you were reading; read it first, then sign again."
URGENT = "A safety alert of the highest tier is open for this patient. It has to be closed before you can clear."


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `field` is the form's field name, empty where the whole decision is meant."""

    field: str
    say: str


class DecisionRefused(Exception):
    """The decision cannot be signed as it stands; `problems` say why, in words for the clinician."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(problem.say for problem in problems))
        self.problems = problems


class Stale(Exception):
    """Somebody else was quicker: what was on the page is no longer so. The text says what happened."""


@dataclass(frozen=True, slots=True)
class SeriesOrderAsked:
    """How many infusions, and how many a week."""

    infusions: int = 6
    per_week: int = 2


@dataclass(frozen=True, slots=True)
class BoosterAsked:
    """Single infusions after the series: first one after so many days, how long a window stays open, how many.

    `as_needed`: the same limits, and nobody is reminded: the patient asks.
    """

    until_on: date
    after_days: int = 21
    window_days: int = 14
    count: int = 3
    as_needed: bool = False


@dataclass(frozen=True, slots=True)
class ConditionAsked:
    """Something named that must be met before infusion 1."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionAsked:
    """A decision as it was filled in."""

    decision: str
    conditions: tuple[ConditionAsked, ...] = ()
    sites: frozenset[str] = frozenset()
    visit_kinds: frozenset[str] = frozenset()
    until_on: date | None = None
    note: str = ""
    words: str = ""
    overrides: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    order: SeriesOrderAsked | None = None
    booster: BoosterAsked | None = None

    @property
    def clears(self) -> bool:
        """Whether visits can be booked on it."""
        return self.decision in CLEARING


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known, under the patient's lock, when the decision is signed."""

    today: date
    newest: bool
    unseen_decision: bool  # one was signed after the page was read
    contraindications: Collection[str]  # rule ids of the CONTRA findings
    urgent_alert_open: bool
    unseen_finding: bool = False  # the rules were asked again after the page was read, and say otherwise


def marks(found: Iterable[tuple[str, str]]) -> str:
    """A mark of findings (rule and flag), to tell whether a page still shows what there is."""
    told = ",".join(sorted(f"{rule}={flag}" for rule, flag in found))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def check_decision(asked: DecisionAsked, standing: Standing) -> tuple[Problem, ...]:
    """Every reason why the decision cannot be signed, in the order of the form; nothing where it can."""
    found = [*_whole(asked, standing), *_words(asked)]
    if asked.clears:
        found += [
            *_conditions(asked),
            *_scope(asked, standing),
            *_overrides(asked, standing),
            *_orders(asked, standing),
        ]
    return tuple(found)


def _whole(asked: DecisionAsked, standing: Standing) -> list[Problem]:
    if not standing.newest:
        return [Problem("", NEWER)]
    if standing.unseen_decision:
        return [Problem("", DECIDED)]
    if standing.unseen_finding:
        return [Problem("", FOUND)]
    if asked.clears and standing.urgent_alert_open:
        return [Problem("decision", URGENT)]
    return []


def _words(asked: DecisionAsked) -> list[Problem]:
    if asked.clears or asked.words.strip():
        return []
    return [Problem("words", "Write some words for the patient: what this means and what happens next.")]


def _conditions(asked: DecisionAsked) -> list[Problem]:
    found = []
    if asked.decision == "cleared_with_conditions" and not asked.conditions:
        found.append(Problem("conditions", "Name at least one condition, or choose Cleared."))
    if asked.decision == "cleared" and asked.conditions:
        found.append(Problem("conditions", "Choose Cleared with conditions, or take the conditions out."))
    if any(condition.kind == OTHER and not condition.text.strip() for condition in asked.conditions):
        found.append(Problem("condition_text", "Say what the other condition is."))
    if any(count > 1 for count in Counter(asked.conditions).values()):
        found.append(Problem("conditions", "A condition is named twice."))
    return found


def _scope(asked: DecisionAsked, standing: Standing) -> list[Problem]:
    found = []
    if not asked.sites:
        found.append(Problem("sites", "Choose at least one site."))
    if not asked.visit_kinds or not asked.visit_kinds <= set(VISIT_KINDS):
        found.append(Problem("visit_kinds", "Choose the kinds of visit this holds for."))
    if asked.until_on is None:
        found.append(Problem("until_on", "Say through which day this decision holds."))
    elif asked.until_on < standing.today:
        found.append(Problem("until_on", "The last day lies in the past."))
    elif asked.until_on > standing.today + timedelta(days=LONGEST_DAYS):
        found.append(Problem("until_on", "The last day lies more than a year ahead. Choose an earlier one."))
    return found


def _overrides(asked: DecisionAsked, standing: Standing) -> list[Problem]:
    return [
        Problem(f"override_{rule}", f"{rule} is a listed contraindication. Give your reason to clear in spite of it.")
        for rule in standing.contraindications
        if not asked.overrides.get(rule, "").strip()
    ]


def _orders(asked: DecisionAsked, standing: Standing) -> list[Problem]:
    found = []
    order, booster = asked.order, asked.booster
    if order is not None:
        if not 1 <= order.infusions <= MOST_INFUSIONS:
            found.append(Problem("infusions", "A series has 1 to 8 infusions."))
        if order.per_week not in (2, 3):
            found.append(Problem("per_week", "A series has 2 or 3 infusions a week."))
        if "infusion" not in asked.visit_kinds:
            found.append(Problem("visit_kinds", "A series is ordered: this has to hold for infusions."))
    if booster is not None:
        found += _booster(booster, asked, standing)
    return found


def _booster(booster: BoosterAsked, asked: DecisionAsked, standing: Standing) -> list[Problem]:
    found = []
    if "booster" not in asked.visit_kinds:
        found.append(Problem("visit_kinds", "Boosters are ordered: this has to hold for boosters."))
    if booster.after_days < SHORTEST_BOOSTER_GAP:
        found.append(Problem("after_days", "A booster lies at least 7 days after an infusion."))
    if not 2 <= booster.window_days <= 90:
        found.append(Problem("window_days", "The window stays open for 2 to 90 days."))
    if not 1 <= booster.count <= MOST_INFUSIONS:
        found.append(Problem("booster_count", "Order 1 to 8 boosters."))
    if booster.until_on < standing.today + timedelta(days=booster.after_days):
        found.append(Problem("booster_until_on", "No booster could take place before this day. Choose a later one."))
    return found


def check_follow_up(follow_up_on: date | None, today: date) -> tuple[Problem, ...]:
    """A follow-up after a safety alert lies 24 to 72 h ahead: one to three days (CLINICAL 4.2)."""
    first, last = FOLLOW_UP_DAYS
    if follow_up_on is None or not first <= (follow_up_on - today).days <= last:
        return (Problem("follow_up_on", "Choose a day for the follow-up: tomorrow, or one of the two days after it."),)
    return ()
