"""What a clinician has to tell apart, one short paragraph each: what speaks for what, what is not known, what to ask.

Pure, over the facts of screening. Nothing here is a diagnosis or a verdict: the sentences repeat what was answered and
what a screen's published cut says of it. Sources: CLINICAL 2, 3.3, 3.4, 6, named where they are used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intake.domain.facts import Facts, Tri
from intake.domain.policy import Policy
from intake.domain.trials import Trial, TrialCount

CHECKLIST = {  # CLINICAL 3.3, in the order asked
    "bipolar_told": "told of bipolar disorder",
    "bipolar_hospitalised": "in hospital for mania",
    "bipolar_high_mood_4_days": "4 days or more of high or irritable mood with less sleep and more activity",
    "bipolar_switch_on_medicine": "mood rose on an antidepressant, a steroid or ketamine",
    "bipolar_family": "first-degree relative with bipolar disorder",
    "bipolar_mood_stabiliser": "was given a mood stabiliser or an antipsychotic for mood",
    "elevated_mood_now": "elevated mood, racing thoughts or little need for sleep now",
}
HINTS = ("lithium", "valproate", "lamotrigine", "antipsychotic")  # classes of medicines that hint at bipolar disorder
DRUG_CLASSES = {"illicit": "illegal drugs", "rx_misuse": "prescription drugs misused"}
USE_NOW = {
    "ketamine_pcp_misuse": "ketamine or PCP outside of care",
    "opioid_misuse": "opioids not as prescribed",
    "substance_use_disorder_active": "says alcohol or a drug is a problem now",
    "cannabis_daily": "cannabis daily",
}
WITHDRAWAL = {
    "alcohol_withdrawal": "ill when drinking stops",
    "alcohol_daily_heavy": "heavy drinking on most days",
    "alcohol_withdrawal_seizures": "seizure after drinking stopped",
}
USUAL_PTSD_CUT = 4  # PC-PTSD-5, Prins 2016; the sensitive one is the clinic's threshold
BIPOLAR_TRIALS = 1  # adequate trials in bipolar depression, CADTH 2019


@dataclass(frozen=True, slots=True)
class Picture:
    """One paragraph: `text` says what speaks for what, `ask` what to ask next. `weighs` marks one to read first."""

    key: str
    title: str
    text: str
    ask: tuple[str, ...]
    weighs: bool


def pictures(facts: Facts, policy: Policy, trials: TrialCount | None = None) -> tuple[Picture, ...]:
    """Bipolar or not, substances, PTSD (where it was asked or named), trials; in this order."""
    found = (
        _bipolar(facts, policy),
        _substances(facts, policy),
        _ptsd(facts, policy),
        _trials(facts, policy, trials),
    )
    return tuple(picture for picture in found if picture is not None)


def _bipolar(facts: Facts, policy: Policy) -> Picture:
    yes, no, unknown = (_answered(facts, CHECKLIST, answer) for answer in (Tri.YES, Tri.NO, None))
    hints, screens_for, screens_against = _hints(facts), *_mood_screens(facts, policy)
    pro = [*_if("bipolar depression is named as the reason", "bipolar_depression" in (facts.indications or ()))]
    pro += [f"history: {'; '.join(yes)}"] if yes else []
    pro += [*screens_for, *([f"medicines: {', '.join(hints)}"] if hints else [])]
    contra = [f"{len(no)} of {len(CHECKLIST)} history questions answered no"] if no else []
    contra += screens_against
    parts = [_sentence("Speaks for bipolar disorder", pro), _sentence("Speaks for depression alone", contra)]
    parts += [_sentence("Not known", unknown)]
    if screens_against and (yes or hints):
        parts.append("A negative screen never clears a positive history; the MDQ misses many with bipolar II.")
    if pro:
        parts.append("In bipolar depression the effect is shorter-lived and less studied; a switch needs a plan.")
    return Picture("bipolar", "Depression or bipolar disorder", _join(parts), _ask_mood(facts, yes, hints), bool(pro))


def _mood_screens(facts: Facts, policy: Policy) -> tuple[list[str], list[str]]:
    limits = policy.thresholds
    pro, contra = [], []
    if facts.mdq_score is not None:
        criteria = facts.mdq_same_time is True and facts.mdq_problem in ("moderate", "serious")
        enough = facts.mdq_score >= limits.mdq_symptoms
        said = f"MDQ {facts.mdq_score} of 13"
        if enough:
            pro.append(f"{said}, positive" if criteria else f"{said}, other criteria absent or missing")
        else:
            contra.append(f"{said}, below {limits.mdq_symptoms:g}")
    if facts.rms_score is not None:
        side = pro if facts.rms_score >= limits.rms_positive else contra
        side.append(f"RMS {facts.rms_score} of 6 (cut {limits.rms_positive:g})")
    return pro, contra


def _ask_mood(facts: Facts, yes: Sequence[str], hints: Sequence[str]) -> tuple[str, ...]:
    if facts.elevated_mood_now is Tri.YES:
        first = ["Assess for mania or hypomania now (YMRS), before anything else."]
    else:
        first = []
    if yes or hints or facts.mdq_score is not None or facts.rms_score is not None:
        first += _if(
            "The longest high time: how many days, how much sleep, what others noticed, what it cost.", bool(yes)
        )
        first += _if("Which medicine came before the rise, and how soon?", _is(facts, "bipolar_switch_on_medicine"))
        first += _if(
            "What each of these medicines was given for (seizures, sleep, added to an antidepressant).", bool(hints)
        )
        return (
            *first,
            "Confirm by interview, with records or somebody who knows them well; mood stabiliser and level.",
        )
    return (*first, "Ask once about hypomania in your own words, if possible with somebody who knows them well.")


def _hints(facts: Facts) -> list[str]:
    return [medicine.text for medicine in facts.medicines or () if set(HINTS) & set(medicine.classes)]


def _substances(facts: Facts, policy: Policy) -> Picture:
    alcohol, weighs = _alcohol(facts, policy)
    withdrawal, use = _answered(facts, WITHDRAWAL, Tri.YES), _answered(facts, USE_NOW, Tri.YES)
    drugs = _drug_screens(facts, policy)
    opioids = [one.text for one in facts.medicines or () if {"opioid", "naltrexone"} & set(one.classes)]
    # Withdrawal is not asked of somebody who does not drink: not known means asked and not answered.
    unknown = _answered(facts, WITHDRAWAL, Tri.UNKNOWN) + _answered(facts, USE_NOW, None)
    unexpected = facts.urine_tox_unexpected
    urine = {Tri.YES: "Urine screen: unexpected.", Tri.NO: "Urine screen: as expected."}
    parts = [
        alcohol,
        _sentence("Withdrawal", withdrawal),
        drugs,
        _sentence("Use now", use),
        _sentence("Opioids or naltrexone among the medicines", opioids),
        urine.get(unexpected, "Urine screen: none entered.") if unexpected else "Urine screen: none entered.",
        _sentence("Not known", unknown),
        "Serial infusions are advised against with active substance abuse (ASRA 2018)." if use else "",
    ]
    weighs = weighs or bool(withdrawal or use or opioids) or _drugs_positive(facts, policy)
    ask = [
        *_if("Withdrawal first: last drink, shakes, seizures, who can help to stop safely.", bool(withdrawal)),
        *_if("Intake of the last months: all points came from how often.", facts.audit_c_all_from_q1 is True),
        *_if("What, how often, the last time, and treatment so far.", bool(use) or _drugs_positive(facts, policy)),
        *_if("The unexpected result: talk it through without blame.", unexpected is Tri.YES),
        *_if("Who prescribes the opioid or naltrexone, and why; check the prescription records.", bool(opioids)),
    ]
    return Picture("substances", "Alcohol and drugs", _join(parts), tuple(ask), weighs)


def _alcohol(facts: Facts, policy: Policy) -> tuple[str, bool]:
    limits, score = policy.thresholds, facts.audit_c_score
    if score is None:
        return "AUDIT-C: no score.", False
    cut = limits.audit_c_men if facts.sex_for_audit_c == "male" else limits.audit_c_others
    positive = score >= cut
    said = (
        f"AUDIT-C {score} of 12: {'at or above' if positive else 'below'} the cut of {cut:g} for "
        f"{facts.sex_for_audit_c or 'unknown'} sex (men {limits.audit_c_men:g}, others {limits.audit_c_others:g})"
    )
    said += (
        f"; at or above {limits.audit_c_action:g}, brief intervention (VA/DoD)"
        if score >= limits.audit_c_action
        else ""
    )
    note = facts.audit_c_all_from_q1 and positive
    return f"{said}; all points from question 1: likely below limits." if note else f"{said}.", positive


def _drug_screens(facts: Facts, policy: Policy) -> str:
    parts = []
    if facts.sisq_times is not None:
        times = facts.sisq_times
        side = "positive" if times >= policy.thresholds.sisq_times else "negative"
        parts.append(f"single question {side} ({times} times in the past year)")
    classes = [words for name, words in DRUG_CLASSES.items() if name in (facts.taps1_positive or ())]
    if facts.taps1_positive is not None:
        parts.append(f"TAPS-1: {' and '.join(classes) or 'no drug class'}")
    return _sentence("Drug screen", parts) or "Drug screen: no score."


def _drugs_positive(facts: Facts, policy: Policy) -> bool:
    often = facts.sisq_times is not None and facts.sisq_times >= policy.thresholds.sisq_times
    return often or bool(set(DRUG_CLASSES) & set(facts.taps1_positive or ()))


def _ptsd(facts: Facts, policy: Policy) -> Picture | None:
    named = "ptsd" in (facts.indications or ())
    if not named and not facts.pcptsd5_score and facts.pcl5_score is None:
        return None
    limits, screen, total = policy.thresholds, facts.pcptsd5_score, facts.pcl5_score
    parts, ask = [], []
    follow = screen is not None and screen >= limits.pcptsd5_screen
    if screen is None:
        parts.append("PC-PTSD-5: no score.")
    else:
        sides = [
            f"{'at or above' if screen >= cut else 'below'} {cut:g}" for cut in (limits.pcptsd5_screen, USUAL_PTSD_CUT)
        ]
        parts.append(
            f"PC-PTSD-5 {screen} of 5: {' and '.join(dict.fromkeys(sides))} (3 is sensitive, 4 the usual cut)."
        )
    parts.append(_pcl5(facts, policy))
    parts.append("Neither is a diagnosis: the CAPS-5 interview is.")
    parts.append(
        "The evidence for ketamine in PTSD is mixed: Feder 2021 (n=30) found a benefit, Abdallah 2022 (n=158) none on "
        "PTSD; VA/DoD 2023 suggests against."
    )
    ask += _if("Have the PCL-5 answered: the screen opens it and it is missing.", follow and total is None)
    ask += _if("PTSD alone is named: what would this treatment be for?", set(facts.indications or ()) == {"ptsd"})
    ask += ["Trauma-focused treatment so far and now; safety and support at home after a visit."]
    positive = follow or (total or 0) >= limits.pcl5_positive or facts.pcl5_provisional is True
    return Picture("ptsd", "PTSD", _join(parts), tuple(ask), positive)


def _pcl5(facts: Facts, policy: Policy) -> str:
    limits, total = policy.thresholds, facts.pcl5_score
    if total is None:
        return "PCL-5: no score."
    if total >= limits.pcl5_positive:
        side = f"at or above the cut of {limits.pcl5_positive:g}"
    elif total >= limits.pcl5_band:
        side = f"below the cut of {limits.pcl5_positive:g}, within the published band"
    else:
        side = f"below the cut of {limits.pcl5_positive:g}"
    patterns = {
        True: "the DSM-5 pattern is met",
        False: "the DSM-5 pattern is not met",
        None: "DSM-5 pattern not known",
    }
    return f"PCL-5 {total} of 80: {side}; {patterns[facts.pcl5_provisional]}."


def _trials(facts: Facts, policy: Policy, rows: TrialCount | None) -> Picture:
    count, wanted = facts.adequate_trials, policy.thresholds.adequate_trials
    title = "Treatments so far"
    if count is None:
        return Picture(
            "trials", title, "No antidepressant trials were recorded.", ("Take the history of trials.",), True
        )
    meets = count >= wanted
    said = f"{count} adequate {'trial' if count == 1 else 'trials'} of this episode"
    parts = [
        f"{said}: {'meets' if meets else 'does not meet'} the ≥{wanted:g}-trial history criterion (self-reported)."
    ]
    if "bipolar_depression" in (facts.indications or ()) and not meets and count >= BIPOLAR_TRIALS:
        parts.append("In bipolar depression one adequate trial is the usual criterion (CADTH 2019).")
    parts += _evidence(rows) if rows else []
    doubtful = facts.uncertain_trials or 0
    parts += _if(f"{doubtful} more cannot be judged without records.", doubtful > 0)
    ask = [
        *_if("Pharmacy or chart records for the uncertain ones: dose, weeks, how regularly.", doubtful > 0),
        *_if("What else was tried: augmentation, psychotherapy, ECT, TMS; why trials ended early.", not meets),
    ]
    return Picture("trials", title, _join(parts), tuple(ask), not meets or doubtful > 0)


def _evidence(rows: TrialCount) -> list[str]:
    by_result = {name: [_trial(trial) for trial, result in rows.rows if result == name] for name in WORDS}
    return [_sentence(words, by_result[name]) for name, words in WORDS.items() if by_result[name]]


WORDS = {
    "adequate": "Adequate as reported",
    "uncertain": "Uncertain",
    "inadequate": "Not adequate",
    "intolerance": "Stopped for side effects",
}


def _trial(trial: Trial) -> str:
    dose = "dose not known" if trial.max_daily_mg is None else f"{trial.max_daily_mg:g} mg"
    weeks = "weeks not known" if trial.weeks is None else f"{trial.weeks:g} weeks"
    earlier = {Tri.NO: ", an earlier episode", Tri.UNKNOWN: ", episode not known"}.get(trial.this_episode, "")
    return f"{trial.drug} ({dose}, {weeks}{earlier})"


def _answered(facts: Facts, words: dict[str, str], answer: Tri | None) -> list[str]:
    """The words of what was answered so; None means not known or not asked."""
    wanted = (answer,) if answer is not None else (None, Tri.UNKNOWN)
    return [said for name, said in words.items() if getattr(facts, name) in wanted]


def _is(facts: Facts, name: str) -> bool:
    return getattr(facts, name) is Tri.YES


def _if(words: str, condition: bool) -> list[str]:
    return [words] if condition else []


def _sentence(lead: str, parts: Iterable[str]) -> str:
    told = "; ".join(parts)
    return f"{lead}: {told}." if told else ""


def _join(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
