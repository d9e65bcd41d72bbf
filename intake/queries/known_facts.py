"""What is known of a patient now: the newest intake, questionnaires answered since, and facts told later."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import Q

from intake.domain import library
from intake.domain.asq import letters
from intake.domain.facts import Facts
from intake.domain.facts_json import FactError, facts_from
from intake.domain.inquiry_facts import facts_of_answers
from intake.domain.policy import Policy
from intake.domain.scoring import Score, score
from intake.facts import facts_of
from intake.models import Answer, Inquiry, Intake, LaterFact, Patient, Questionnaire, Screening
from intake.queries.asq import assessed_attempt, given, newest_sitting
from pacificmind.clock import now

WEIGHT = "weight_kg"  # measured or told, whichever is newer; other facts told by staff stand until staff say otherwise
WEIGHT_AGE = "weight_age_days"
PHQ9 = "PHQ-9"
# How a series stands, told after each infusion: it speaks of the PHQ-9 that is answered after it.
COURSE = ("infusions_given", "phq9_baseline", "phq9_before_infusion")


def newest_sent(patient: Patient) -> Intake | None:
    """The newest version of the intake that was sent; findings hang on it."""
    sent = Intake.objects.filter(patient=patient, submitted_at__isnull=False).select_related("patient__site")
    return sent.order_by("-number").first()


def facts_now(
    intake: Intake,
    *,
    on: date | None = None,
    answers: Iterable[Answer] | None = None,
    policy: Policy | None = None,
) -> Facts:
    """The facts of a sent intake as of a day at the site (today), with what was answered, measured and told since."""
    day = on or now().astimezone(intake.patient.site.tz).date()
    facts = facts_of(intake, answers, on=day, policy=policy)
    answered = _newest_answered(intake)
    told = _told_later(intake, facts, day, answered.get(PHQ9))
    facts = replace(facts, **{**_answered_since(answered), **_told_in_inquiries(intake, day), **told})
    return replace(facts, **_suicide_screen(intake, item9=facts.phq9_item9))


def facts_of_run(run: Screening | None) -> Facts | None:
    """The facts that a run read; None where there is no run, or one of a release that did not keep them."""
    if run is None or not run.facts:
        return None
    try:
        return facts_from(run.facts, library.medicine_table())
    except FactError:  # a fact of an earlier release
        return None


def later_facts(patient: Patient, on: date) -> dict[str, LaterFact]:
    """The newest of each fact that was told later and still counts on this day."""
    counts = LaterFact.objects.filter(Q(until_on__isnull=True) | Q(until_on__gte=on), patient=patient)
    return {row.name: row for row in counts.order_by("name", "-told_at", "-pk").distinct("name")}


def _told_later(intake: Intake, facts: Facts, day: date, phq9: Questionnaire | None) -> Mapping[str, Any]:
    rows = later_facts(intake.patient, day)
    for name in COURSE:
        if name in rows and (phq9 is None or phq9.answered_at <= rows[name].told_at):
            del rows[name]
    sent, zone = intake.submitted_at, intake.patient.site.tz
    weighed = rows.get(WEIGHT)
    if weighed and sent and weighed.told_at < sent and facts.weight_kg is not None:
        del rows[WEIGHT]
    # One that was taken back leaves what the patient told.
    values = {name: row.value for name, row in rows.items() if name != WEIGHT_AGE and row.value is not None}
    if WEIGHT in values:
        values[WEIGHT_AGE] = (day - rows[WEIGHT].told_at.astimezone(zone).date()).days
    return _typed(values)


def _told_in_inquiries(intake: Intake, day: date) -> Mapping[str, Any]:
    """What was answered before and after visits since the intake was sent; the newest answer to each counts."""
    zone, found = intake.patient.site.tz, dict[str, Any]()
    rows = Inquiry.objects.filter(patient=intake.patient_id, begun_at__gt=intake.submitted_at)
    for row in rows.exclude(answers={}).order_by("begun_at"):
        of_the_day = row.kind == Inquiry.Kind.BEFORE and row.expires_at.astimezone(zone).date() >= day
        found |= facts_of_answers(row.answers, of_the_day=of_the_day)
    return _typed(found)


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        try:
            read = facts_from({name: value}, library.medicine_table())
        except FactError:  # a fact of an earlier release, or a number that cannot be
            continue
        found[name] = getattr(read, name)
    return found


def _suicide_screen(intake: Intake, *, item9: int | None) -> dict[str, Any]:
    """The answers of the newest sitting, and whether a lifetime Yes in it was assessed.

    One of an earlier version counts where item 9 is positive, for that answer was carried over with it, and while its
    alert is open. After a 0, and assessed, it is history, and its alert has its own record.
    """
    sitting = newest_sitting(intake.patient_id)
    if sitting is None:
        return {}
    earlier = sitting.intake_id != intake.pk and sitting.last_at < intake.started_at
    closed = sitting.alert is not None and sitting.alert.closed_at is not None
    if earlier and not item9 and (closed or sitting.alert is None):
        return {"asq": None, "asq_lifetime_assessed": None}
    assessed = closed or assessed_attempt(sitting) is not None
    return {"asq": letters(given(sitting)), "asq_lifetime_assessed": assessed or None}


def _newest_answered(intake: Intake) -> dict[str, Questionnaire]:
    """The newest of each instrument that was answered after the intake was sent."""
    since = Questionnaire.objects.filter(patient=intake.patient_id, answered_at__gt=intake.submitted_at)
    return {row.instrument: row for row in since.order_by("instrument", "-answered_at").distinct("instrument")}


def _answered_since(newest: Mapping[str, Questionnaire]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for row in newest.values():
        if row.instrument in _READ:
            found |= _READ[row.instrument](row.items, score(row.instrument, row.items))
    return found


def _total(name: str) -> Callable[[list[Any], Score], dict[str, Any]]:
    return lambda items, result: {name: result.score if result.usable else None}


def _phq9(items: list[Any], result: Score) -> dict[str, Any]:
    return {"phq9_score": result.score if result.usable else None, "phq9_item9": items[8] if len(items) > 8 else None}


def _pcl5(items: list[Any], result: Score) -> dict[str, Any]:
    return {
        "pcl5_score": result.score if result.usable else None,
        "pcl5_provisional": result.extra.get("provisional_dsm5"),
    }


def _audit_c(items: list[Any], result: Score) -> dict[str, Any]:
    return {
        "audit_c_score": result.score if result.usable else None,
        "audit_c_all_from_q1": result.extra.get("all_points_from_q1"),
    }


_READ: Mapping[str, Callable[[list[Any], Score], dict[str, Any]]] = {
    "PHQ-9": _phq9,
    "GAD-7": _total("gad7_score"),
    "PCL-5": _pcl5,
    "AUDIT-C": _audit_c,
    "RMS": _total("rms_score"),
}
