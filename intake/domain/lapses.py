"""When a signed decision no longer clears: something is known now that whoever signed did not know. Pure.

Nothing is cancelled by it. A prescriber looks: they sign anew, or say why the decision still holds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Why = Literal["contraindication", "changed"]
CONTRA = "CONTRA"
RANK = {"": 0, "INFO": 1, "REVIEW": 2, "URGENT-1": 3, "URGENT-2": 3, CONTRA: 4}

# Rules whose new REVIEW is a changed answer that matters, beside those marked high and those that list a
# contraindication: bipolar (17, 19, 21), psychosis (23), alcohol and drugs (26, 28, 31), pressure (34), bladder (50),
# an earlier reaction (55), cognition (58, 59), mania in a series (87). A clinic's medical director signs this off.
MATTER = frozenset(
    {"D17", "D19", "D21", "D23", "D26", "D28", "D31", "D34", "D50", "D55", "D58", "D59", "D87"}
)  # fmt: skip
# The safety pathway has its own clock and its own hold (P7).
SAFETY = frozenset({"D01", "D02", "D03", "D04", "D05", "D06", "D07"})


class Found(Protocol):
    """What is read of a finding."""

    @property
    def rule(self) -> str: ...
    @property
    def flag(self) -> str: ...
    @property
    def high(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Why a decision no longer clears, and the rules that say so."""

    why: Why
    rules: tuple[str, ...]


def lapse_of(
    found: Sequence[Found],
    *,
    seen: Mapping[str, str],
    overridden: Collection[str],
    listed: Mapping[str, str],
) -> Lapsed | None:
    """Compare what is found now with what the signer saw (`seen`, flag by rule) and overrode.

    `listed` is the flag of each rule in the decision table: an answer that became "not sure" where a Yes would be a
    contraindication matters as well. None where the decision stands.
    """
    new = [one for one in found if RANK[one.flag] > RANK[seen.get(one.rule, "")] and one.rule not in SAFETY]
    contra = tuple(one.rule for one in new if one.flag == CONTRA and one.rule not in overridden)
    if contra:
        return Lapsed("contraindication", contra)
    changed = tuple(
        one.rule
        for one in new
        if one.flag not in (CONTRA, "INFO") and (one.high or one.rule in MATTER or listed.get(one.rule) == CONTRA)
    )
    return Lapsed("changed", changed) if changed else None
