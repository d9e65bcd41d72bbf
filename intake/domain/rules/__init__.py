"""The rules of the decision table: those that are lists of answers live in the data, the others here by theme."""

from collections.abc import Mapping
from types import MappingProxyType

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Rule
from intake.domain.rules import body, suicide, symptoms, treatment
from intake.domain.rules.model import Predicate, Raised, answered, said

__all__ = ["PREDICATES", "Raised", "evaluate_lists"]

PREDICATES: Mapping[str, Predicate] = MappingProxyType(
    {**suicide.PREDICATES, **symptoms.PREDICATES, **body.PREDICATES, **treatment.PREDICATES}
)

UNKNOWN_MATTERS = frozenset({"CONTRA", "URGENT-1", "URGENT-2"})


def evaluate_lists(rule: Rule, facts: Facts) -> Raised | None:
    """Evaluate a rule that is data. Unknown is not no: where Yes would be a contraindication it asks for a look."""
    because = said(facts, *answered(facts, rule.any_yes, Tri.YES))
    because += said(facts, *answered(facts, rule.any_no, Tri.NO))
    because += said(facts, *answered(facts, rule.any_unknown, Tri.UNKNOWN))
    because += _medicines(rule, facts)
    if because:
        return Raised(because)
    unknown = answered(facts, rule.any_yes, Tri.UNKNOWN) if rule.flag in UNKNOWN_MATTERS else ()
    return Raised(said(facts, *unknown), flag="REVIEW") if unknown else None


def _medicines(rule: Rule, facts: Facts) -> tuple[str, ...]:
    return tuple(
        f"medicine={medicine.text} ({name})"
        for medicine in facts.medicines or ()
        for name in medicine.classes
        if name in rule.any_class
    )
