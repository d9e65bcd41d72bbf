"""What a repair is made of, between the proposal, the page and the saving."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduling.domain.repair import Absence
from scheduling.models import Repair
from scheduling.services.repair_book import Spot

#: Outcomes of the tasks that a repair closes: the visit has another time; there is none as things stand.
FOUND, NOT_FOUND = "repaired", "no lawful time"
OUTCOMES = (FOUND, NOT_FOUND)


@dataclass(frozen=True)
class Change:
    """One visit and where it goes; without `visit_id`, a visit of the series that is made."""

    spot: Spot
    visit_id: uuid.UUID | None = None
    series_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Stuck:
    """A visit for which there is no lawful place: the rule (empty where it is supply) and what would help."""

    visit_id: uuid.UUID | None
    rule: str
    say: str


@dataclass(frozen=True)
class PatientPlan:
    """What becomes of one patient's visits. `seen`: every visit that was looked at, with its version."""

    patient_id: uuid.UUID
    seen: Mapping[uuid.UUID, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    stuck: tuple[Stuck, ...] = ()
    thin: tuple[str, ...] = ()  # new weeks with fewer than two visits, in words (P4)

    def join(self, other: "PatientPlan") -> "PatientPlan":
        """Both together."""
        return PatientPlan(
            self.patient_id,
            {**self.seen, **other.seen},
            self.changes + other.changes,
            self.stuck + other.stuck,
            self.thin + other.thin,
        )


@dataclass(frozen=True)
class Plan:
    """A whole repair."""

    cause: Repair.Cause
    patients: tuple[PatientPlan, ...] = ()
    absence: Absence | None = None  # entered together with it

    def only(self, patients: Sequence[uuid.UUID]) -> "Plan":
        """The same for these patients alone."""
        return replace(self, patients=tuple(one for one in self.patients if one.patient_id in set(patients)))

    @property
    def deviates(self) -> bool:
        """Whether a week would newly have fewer than two visits: a prescriber's to accept (P4)."""
        return any(one.thin for one in self.patients)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to save."""
        return self.absence is None and not any(one.changes or one.stuck for one in self.patients)
