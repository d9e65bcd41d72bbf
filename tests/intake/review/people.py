"""Patients with answers, findings and alerts, for the tests of the clinician's side."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.domain import library
from intake.domain.decisions import SeriesOrderAsked
from intake.models import Answer, Clearance, Finding, Intake, Patient, SafetyAlert, Screening
from intake.sections import sections
from intake.services.clearance import sign_decision
from intake.services.screening import screen_intake
from pacificmind.accounts.models import Clinician
from pacificmind.clock import now, today
from tests import cast

CLEAR: dict[str, Any] = {
    "decision": "cleared",
    "sites": ["la"],
    "visit_kinds": ["infusion", "booster"],
    "order": SeriesOrderAsked(),
}


def queries_of(act: Callable[[], object]) -> list[str]:
    """The SQL of a call, without what begins and ends transactions (tests nest them in savepoints)."""
    with CaptureQueriesContext(connection) as seen:
        act()
    return [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]]


def until(days: int = 180) -> Any:
    """A last day, so many days from today at the site."""
    return today(cast.ZONE) + timedelta(days=days)


def answered(who: Patient, values: dict[str, Any] | None = None, *, number: int = 1, sent: bool = True) -> Intake:
    """An intake with these answers (None is declined), screened with the shipped rules when it was sent."""
    intake = Intake.objects.create(patient=who, number=number, ruleset=library.policy().version)
    homes = {item.id: part.slug for part in sections() for item in part.items}
    rows = {"medicine": "medicines", "trial": "antidepressants"}
    Answer.objects.bulk_create(
        Answer(
            intake=intake,
            section=homes.get(item) or rows.get(item.partition(".")[0], "elsewhere"),
            item=item,
            value=value,
            status="declined" if value is None else "answered",
        )
        for item, value in (values or {}).items()
    )
    if sent:
        intake.submitted_at = now()
        intake.save(update_fields=["submitted_at"])
        screen_intake(intake, cause=Screening.Cause.INTAKE)
    return intake


def contraindicated(intake: Intake, rule: str = "D38") -> Finding:
    """A listed contraindication on the intake."""
    return Finding.objects.create(
        screening=intake.screenings.get(current=True),
        rule=rule,
        version="1",
        flag="CONTRA",
        reason="Aneurysmal vascular disease.",
        source="Spravato 4",
        because=["aneurysm=yes"],
        position=90,
    )


def alert(who: Patient, tier: str = "URGENT-2", **extra: Any) -> SafetyAlert:
    """An open alert."""
    values = {"trigger": "phq9-item9", "value": "2", "acknowledge_by": now() + timedelta(minutes=5), **extra}
    return SafetyAlert.objects.create(patient=who, site=who.site, tier=tier, **values)


def sign(signer: Clinician, intake: Intake, **extra: Any) -> Clearance:
    """A plain clearance, changed by `extra`."""
    return sign_decision(
        **{"by": signer.user, "intake": intake, "until_on": until(), "signed": cast.confirmed(signer), **CLEAR, **extra}
    )
