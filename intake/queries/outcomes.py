"""Totals over time, from the intake and from the questionnaires answered since: for the patient and for clinicians."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from intake.domain.outcomes import Measure
from intake.domain.scoring import score
from intake.models import Answer, Questionnaire

COUNTED = ("complete", "prorated")
ITEMS = {"PHQ-9": ("phq9", 9), "PCL-5": ("pcl5", 20)}  # instrument to the name of its answers and how many


def measures_of(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Measure]]:
    """Every usable total of PHQ-9 and PCL-5 by patient, oldest first: two queries, however many patients.

    Answers that were carried into a later version of the intake count once, when they were given.
    """
    found: dict[uuid.UUID, set[Measure]] = {patient: set() for patient in patients}
    for patient, measure in (*_of_intakes(patients), *_of_questionnaires(patients)):
        found[patient].add(measure)
    return {patient: sorted(told) for patient, told in found.items()}


def _of_intakes(patients: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, Measure]]:
    rows = Answer.objects.filter(
        intake__patient_id__in=patients,
        intake__submitted_at__isnull=False,
        status=Answer.Status.ANSWERED,
        item__in=[f"{short}.{number}" for short, count in ITEMS.values() for number in range(1, count + 1)],
    )
    told: dict[tuple[uuid.UUID, Any, str], dict[str, tuple[Any, datetime]]] = defaultdict(dict)
    for patient, intake, item, value, at in rows.values_list(
        "intake__patient_id", "intake_id", "item", "value", "answered_at"
    ):
        told[patient, intake, item.partition(".")[0]][item] = (value, at)
    found = []
    for (patient, _, short), answers in told.items():
        name, count = next((name, count) for name, (known, count) in ITEMS.items() if known == short)
        result = score(name, [answers.get(f"{short}.{n}", (None,))[0] for n in range(1, count + 1)])
        if result.status in COUNTED and result.score is not None:
            at = max(at for _, at in answers.values())
            found.append((patient, Measure(at, name, float(result.score), result.status == "prorated")))
    return found


def _of_questionnaires(patients: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, Measure]]:
    rows = Questionnaire.objects.filter(
        patient_id__in=patients, instrument__in=ITEMS, status__in=COUNTED, score__isnull=False, amended_by__isnull=True
    )
    return [
        (patient, Measure(at, instrument, float(total or 0), status == "prorated"))
        for patient, at, instrument, total, status in rows.values_list(
            "patient_id", "answered_at", "instrument", "score", "status"
        )
    ]
