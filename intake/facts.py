"""From the answers of an intake to the typed facts of screening. Totals are computed here, on the server alone."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from intake.domain import library, trials
from intake.domain.facts import Facts, Indication, Sex, TapsClass, Tri
from intake.domain.medicines import Medicine
from intake.domain.policy import Policy
from intake.domain.scoring import Score, score
from intake.domain.trials import Trial, TrialOutcome, TrialSource
from intake.models import Answer, Intake
from intake.sections import ITEM9, SEX, all_items, is_asked, sections, short_name

CM_PER_INCH, INCHES_PER_FOOT, KG_PER_POUND = 2.54, 12, 0.45359237
SCALE_DAYS = {"today": 1, "weeks": 14, "longer": 365}  # the oldest that each answer can mean; "not sure" has none
NEVER_DRINKS = 0
MEDICINE, TRIAL = "medicine.", "trial."
TOTALS = {  # instrument to the fact that holds its total
    "PHQ-9": "phq9_score", "GAD-7": "gad7_score", "PC-PTSD-5": "pcptsd5_score", "PCL-5": "pcl5_score",
    "AUDIT-C": "audit_c_score", "MDQ": "mdq_score", "RMS": "rms_score",
}  # fmt: skip

Values = Mapping[str, Any]


def facts_of(
    intake: Intake,
    answers: Iterable[Answer] | None = None,
    *,
    on: date | None = None,
    policy: Policy | None = None,
) -> Facts:
    """The facts of an intake as of a day (that of its submission, or of its last answer).

    `policy` says from how many weeks a trial is adequate: the shipped rules, unless others are given.
    """
    rows = list(intake.answers.order_by("pk") if answers is None else answers)
    zone = intake.patient.site.tz
    told = intake.submitted_at or max((row.answered_at for row in rows), default=intake.started_at)
    today = on or told.astimezone(zone).date()
    scale_on = next((_day(row.answered_at, zone) for row in rows if row.item == "body.weight_when"), None)
    values = values_of(rows)
    return facts_from_values(
        values,
        birth_on=intake.patient.birth_on,
        today=today,
        scale_asked_on=scale_on,
        told_on=_day(told, zone),
        policy=policy,
    )


def values_of(answers: Iterable[Answer]) -> dict[str, Any]:
    """Item to value; None where it was declined; no key where it was not answered or not asked."""
    return {row.item: row.value for row in answers if row.status != Answer.Status.NOT_ASKED}


def facts_from_values(
    values: Values,
    *,
    birth_on: date | None = None,
    today: date,
    scale_asked_on: date | None = None,
    told_on: date | None = None,
    policy: Policy | None = None,
) -> Facts:
    """Facts from item values (see values_of). Answers of parts that are no longer asked are left out of account."""
    values = _asked(values)
    found: dict[str, Any] = {item.fact: tri(values[item.id]) for item in all_items() if item.fact and item.id in values}
    found |= _scores(values) | _body(values, today, scale_asked_on) | _trials(values, policy)
    return Facts(
        **found,
        age_years=_age(birth_on, today),
        sex_for_audit_c=cast(Sex, values.get(SEX) or "unknown") if SEX in values else None,
        indications=_indications(values),
        phq9_item9=values.get(ITEM9),
        phq9_difficulty=values.get("phq9.10"),
        sisq_times=values.get("sisq.1"),
        ketamine_elsewhere_weeks_ago=_weeks_since_ketamine(values, (today - (told_on or today)).days),
        medicines=_medicines(values),
    )


def tri(value: object) -> Tri:
    """Yes, no, or not known: a question that was declined is not known. "Does not apply to me" is a no."""
    return {"yes": Tri.YES, "no": Tri.NO, "na": Tri.NO}.get(str(value), Tri.UNKNOWN)


def score_of_values(values: Values, instrument: str) -> Score:
    """The score of one instrument of the intake. Raises KeyError for one that the intake cannot ask."""
    return _SCORERS[instrument](_asked(values))


def instruments_in(values: Values) -> tuple[str, ...]:
    """The instruments of which anything was asked and answered or declined, in the order of the intake."""
    told = {item.partition(".")[0] for item in _asked(values)}
    return tuple(name for name in _SCORERS if short_name(name) in told)


def _pcptsd5(values: Values) -> Score:
    exposed = {1: True, 0: False}.get(values.get("pcptsd5.0"))  # type: ignore[arg-type]
    items = [] if exposed is False else _items(values, "pcptsd5", 5)
    return score("PC-PTSD-5", items, {"trauma_exposure": exposed})


def _audit_c(values: Values) -> Score:
    items = _items(values, "auditc", 3)
    if items[0] == NEVER_DRINKS:
        items = [0, 0, 0]  # whoever never drinks is not asked how much: 0 points by the WHO manual's own skip
    return score("AUDIT-C", items, {"sex": values.get(SEX) or "unknown"})


def _mdq(values: Values) -> Score:
    together = {1: True, 0: False}.get(values.get("mdq.14"))  # type: ignore[arg-type]
    return score("MDQ", _items(values, "mdq", 13), {"same_time": together, "problem": values.get("mdq.15")})


def _plain(name: str, count: int) -> Callable[[Values], Score]:
    """The score of an instrument that needs nothing but its items."""
    return lambda values: score(name, _items(values, short_name(name), count))


_SCORERS: Mapping[str, Callable[[Values], Score]] = {
    "PHQ-9": _plain("PHQ-9", 9),
    "GAD-7": _plain("GAD-7", 7),
    "PC-PTSD-5": _pcptsd5,
    "PCL-5": _plain("PCL-5", 20),
    "AUDIT-C": _audit_c,
    "SISQ-Drug": _plain("SISQ-Drug", 1),
    "TAPS-1": _plain("TAPS-1", 4),
    "DAST-10": _plain("DAST-10", 10),
    "MDQ": _mdq,
    "RMS": _plain("RMS", 6),
}


def _items(values: Values, short: str, count: int) -> list[Any]:
    return [values.get(f"{short}.{number}") for number in range(1, count + 1)]


def _scores(values: Values) -> dict[str, Any]:
    asked = instruments_in(values)
    found = {name: score_of_values(values, name) for name in asked}
    totals = {
        fact: found[name].score if name in found and found[name].usable else None for name, fact in TOTALS.items()
    }
    pcl5, taps1, mdq = found.get("PCL-5"), found.get("TAPS-1"), found.get("MDQ")
    return {
        **totals,
        "audit_c_all_from_q1": found["AUDIT-C"].extra.get("all_points_from_q1") if "AUDIT-C" in found else None,
        "pcl5_provisional": pcl5.extra.get("provisional_dsm5") if pcl5 else None,
        "taps1_positive": tuple(cast(list[TapsClass], taps1.extra.get("positive_classes", ()))) if taps1 else None,
        "mdq_same_time": {1: True, 0: False}.get(values.get("mdq.14")) if mdq else None,  # type: ignore[arg-type]
        "mdq_problem": values.get("mdq.15") if mdq else None,
    }


def _body(values: Values, today: date, asked_on: date | None) -> dict[str, Any]:
    feet, pounds = values.get("body.height_ft"), values.get("body.weight_lb")
    inches = None if feet is None else feet * INCHES_PER_FOOT + (values.get("body.height_in") or 0)
    days = SCALE_DAYS.get(str(values.get("body.weight_when")))
    since = (today - asked_on).days if asked_on else 0
    return {
        "height_cm": None if inches is None else round(inches * CM_PER_INCH, 1),
        "weight_kg": None if pounds is None else round(pounds * KG_PER_POUND, 1),
        "weight_age_days": None if days is None or pounds is None else days + since,
        "bp_systolic": values.get("body.systolic"),
        "bp_diastolic": values.get("body.diastolic"),
    }


def _indications(values: Values) -> tuple[Indication, ...] | None:
    chosen = values.get("reason.indications")
    return None if chosen is None else tuple(cast(Indication, name) for name in chosen)


def _medicines(values: Values) -> tuple[Medicine, ...] | None:
    """Each row as it was written, matched; what is not known stays and is flagged. None where nothing was said."""
    rows = [library.match(row["name"]) for row in rows_of(values, MEDICINE)]
    return tuple(rows) if rows or values.get("medicines.any") == "no" else None


def _weeks_since_ketamine(values: Values, days_since_told: int) -> int | None:
    """Weeks told, grown by the whole weeks since they were told; None where there was no treatment elsewhere."""
    weeks = values.get("ketamine.weeks")
    if values.get("ketamine.before") != "yes" or weeks is None:
        return None
    return int(weeks) + max(days_since_told, 0) // 7


def _trials(values: Values, policy: Policy | None) -> dict[str, Any]:
    counted = trials_of(values, policy)
    if not counted.rows and values.get("trials.any") != "no":
        return {}
    return {"adequate_trials": counted.adequate, "uncertain_trials": counted.uncertain}


def trials_of(values: Values, policy: Policy | None = None) -> trials.TrialCount:
    """The antidepressant rows with what became of each, for the review page."""
    rows = [_trial(row) for row in rows_of(values, TRIAL)]
    return trials.count(rows, library.dose_table(), policy or library.policy())


def staging_prefill(values: Values) -> dict[str, int | None]:
    """What of the Maudsley staging the patient told: months of this episode, and medicines of it that did not help.

    A clinician checks both and enters the rest (CLINICAL 2). Medicines stopped for side effects do not count.
    """
    tried = {
        library_name.lower()
        for row in rows_of(values, TRIAL)
        if row.get("outcome") in ("none", "partial") and row.get("episode") != "no"
        for library_name in [_ingredient(str(row["drug"]))]
    }
    known = bool(tried) or values.get("trials.any") == "no"
    return {"duration_months": values.get("reason.months"), "failed_medications": len(tried) if known else None}


def _trial(row: Mapping[str, Any]) -> Trial:
    return Trial(
        drug=_ingredient(str(row["drug"])),
        max_daily_mg=row.get("mg"),
        weeks=row.get("weeks"),
        this_episode=tri(row.get("episode")),
        adherent=tri(row.get("adherent")),
        outcome=cast(TrialOutcome, row.get("outcome") or "unsure"),
        source=cast(TrialSource, row.get("source") or "patient"),
    )


def _ingredient(drug: str) -> str:
    """The name the dose table knows: as written, or the one ingredient it was recognised as."""
    if library.dose_table().minimum(drug):
        return drug
    found = library.match(drug).ingredients
    return found[0] if len(found) == 1 else drug


def rows_of(values: Values, prefix: str) -> list[dict[str, Any]]:
    """The rows of a table of the intake (MEDICINE or TRIAL), in the order they were written."""
    return [value for item, value in values.items() if item.startswith(prefix) and isinstance(value, dict)]


def _asked(values: Values) -> dict[str, Any]:
    """Without the answers of parts that the other answers have closed."""
    closed = {item.id for part in sections() if not is_asked(part, values) for item in part.items}
    return {item: value for item, value in values.items() if item not in closed}


def _age(birth_on: date | None, today: date) -> int | None:
    if birth_on is None:
        return None
    return today.year - birth_on.year - ((today.month, today.day) < (birth_on.month, birth_on.day))


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
