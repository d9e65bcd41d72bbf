"""The page of the clinic's rules: what is shipped, what this clinic set, what is proposed, what was before."""

from dataclasses import dataclass

from intake.domain import library
from intake.domain.policy import Limit, Policy, Rule
from intake.domain.reading import DataError
from intake.domain.trials import DoseTable, MinimumDose
from intake.models import RulesRevision
from intake.queries.rules import fitted, policy_of, revision_at
from pacificmind.clock import now


@dataclass(frozen=True, slots=True)
class Number:
    """A number: the shipped value, the clinic's, and what it may be."""

    limit: Limit
    value: float

    @property
    def changed(self) -> bool:
        """Whether the clinic set it otherwise."""
        return self.value != self.limit.value


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as it speaks here, with the words it was shipped with."""

    rule: Rule
    reason: str
    shipped: str

    @property
    def changed(self) -> bool:
        """Whether the clinic wrote other words or switched it off."""
        return not self.rule.on or self.reason != self.shipped


@dataclass(frozen=True, slots=True)
class Dose:
    """The least dose of an adequate trial, in mg a day: shipped and here; `note` says where published lists differ."""

    shipped: MinimumDose
    mg: float

    @property
    def changed(self) -> bool:
        """Whether the clinic set it otherwise."""
        return self.mg != self.shipped.mg


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a proposal changes: what, as it is now, as it would be."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Everything the page shows."""

    policy: Policy
    in_force: RulesRevision | None
    fits: bool
    proposal: RulesRevision | None
    changes: tuple[Change, ...]
    coming: tuple[RulesRevision, ...]
    numbers: tuple[Number, ...]
    doses: tuple[Dose, ...]
    dose_table: DoseTable
    rules: tuple[Line, ...]
    history: tuple[RulesRevision, ...]


def page() -> RulesPage:
    """Read it: two queries."""
    moment = now()
    in_force = revision_at(moment)
    people = ("made_by", "signed_by", "dropped_by")
    rows = list(RulesRevision.objects.select_related(*people).order_by("-number"))
    policy, table = policy_of(in_force), library.dose_table()
    proposal = next((row for row in rows if row.signed_at is None and row.dropped_at is None), None)
    return RulesPage(
        policy=policy,
        in_force=next((row for row in rows if in_force and row.pk == in_force.pk), None),
        fits=in_force is None or policy.version != library.policy().version,
        proposal=proposal,
        changes=changes(policy, proposal) if proposal else (),
        coming=tuple(row for row in rows if row.signed_at and row.effective_at > moment),
        numbers=tuple(Number(limit, getattr(policy.thresholds, name)) for name, limit in policy.limits.items()),
        doses=tuple(Dose(one, policy.doses.get(one.drug, one.mg)) for one in table.doses.values()),
        dose_table=table,
        rules=lines(policy),
        history=tuple(row for row in rows if row.signed_at or row.dropped_at),
    )


def lines(policy: Policy) -> tuple[Line, ...]:
    """Every rule with the words in force and those shipped, numbers filled in as they are in force."""
    shipped = library.policy().rules
    return tuple(Line(rule, policy.reason(rule), policy.reason(shipped[name])) for name, rule in policy.rules.items())


def changes(before: Policy, revision: RulesRevision) -> tuple[Change, ...]:
    """What a revision changes against the rules in force, in the order of the page."""
    try:
        after = fitted(revision)
    except DataError:
        return ()
    found = [
        Change(
            f"{limit.says} ({limit.unit})",
            f"{getattr(before.thresholds, name):g}",
            f"{getattr(after.thresholds, name):g}",
        )
        for name, limit in after.limits.items()
        if getattr(before.thresholds, name) != getattr(after.thresholds, name)
    ]
    for dose in library.dose_table().doses.values():
        now_mg, then_mg = (table.doses.get(dose.drug, dose.mg) for table in (before, after))
        if now_mg != then_mg:
            found.append(Change(f"Least dose of {dose.drug} (mg a day)", f"{now_mg:g}", f"{then_mg:g}"))
    for name, rule in after.rules.items():
        old = before.rules[name]
        if old.on != rule.on:
            found.append(Change(f"{name}: {before.reason(old)}", _switch(old), _switch(rule)))
        if old.reason != rule.reason:
            found.append(Change(f"Words of {name}", before.reason(old), after.reason(rule)))
    return tuple(found)


def _switch(rule: Rule) -> str:
    return "on" if rule.on else "off"
