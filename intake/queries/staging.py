"""What of the Maudsley staging a patient's answers tell; the rest is for the clinician to judge (CLINICAL 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intake.domain.scoring.staging import msm_begun
from intake.facts import staging_prefill


@dataclass(frozen=True, slots=True)
class Staging:
    """Months of this episode and medicines of it that did not help, with their points; None where not known."""

    months: int | None
    failed: int | None
    duration_points: int | None
    failure_points: int | None


def staging_of(values: Mapping[str, Any]) -> Staging:
    """From the answers of one version of an intake."""
    told = staging_prefill(values)
    months, failed = told["duration_months"], told["failed_medications"]
    return Staging(months, failed, *msm_begun(months, failed))
