"""What screening looks at: one typed value per input of the decision table. None means not asked or not known yet."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from intake.domain.medicines import Medicine

Indication = Literal["depression", "bipolar_depression", "ptsd", "anxiety", "pain", "other"]
Sex = Literal["male", "female", "unknown"]
AsqAnswer = Literal["Y", "N", "R"]
TapsClass = Literal["tobacco", "alcohol", "illicit", "rx_misuse"]
MdqProblem = Literal["none", "minor", "moderate", "serious"]


class Tri(Enum):
    """The answer to a history question. Unknown is not no; a question that was never put is None instead."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Every input of the decision table. Units are in the names; docs/screening.md lists the rules of each."""

    # Who, and what for
    age_years: int | None = None
    sex_for_audit_c: Sex | None = None
    indications: tuple[Indication, ...] | None = None

    # Suicide risk
    phq9_item9: int | None = None
    asq: tuple[AsqAnswer | None, ...] | None = None  # five answers
    asq_lifetime_assessed: bool | None = None  # question 4 was assessed before and has not changed
    cssrs_q3: int | None = None
    cssrs_q4: int | None = None
    cssrs_q5: int | None = None
    cssrs_q6_lifetime: int | None = None
    cssrs_q6_3mo: int | None = None

    # Symptom scores
    phq9_score: int | float | None = None
    phq9_difficulty: int | None = None  # 0 to 3
    gad7_score: int | float | None = None
    pcptsd5_score: int | None = None
    pcl5_score: int | None = None
    pcl5_provisional: bool | None = None

    # Bipolar disorder and psychosis
    mdq_score: int | None = None
    mdq_same_time: bool | None = None
    mdq_problem: MdqProblem | None = None
    rms_score: int | None = None
    bipolar_told: Tri | None = None
    bipolar_hospitalised: Tri | None = None
    bipolar_high_mood_4_days: Tri | None = None
    bipolar_switch_on_medicine: Tri | None = None
    bipolar_family: Tri | None = None
    bipolar_mood_stabiliser: Tri | None = None
    elevated_mood_now: Tri | None = None
    psychosis_now: Tri | None = None
    psychosis_history: Tri | None = None
    schizophrenia_history: Tri | None = None
    psychosis_family: Tri | None = None

    # Alcohol and drugs
    audit_c_score: int | None = None
    audit_c_all_from_q1: bool | None = None
    alcohol_withdrawal: Tri | None = None
    alcohol_daily_heavy: Tri | None = None
    alcohol_withdrawal_seizures: Tri | None = None
    sisq_times: int | None = None
    taps1_positive: tuple[TapsClass, ...] | None = None
    ketamine_pcp_misuse: Tri | None = None
    substance_use_disorder_active: Tri | None = None
    opioid_misuse: Tri | None = None
    urine_tox_unexpected: Tri | None = None
    cannabis_daily: Tri | None = None

    # Heart and vessels
    bp_systolic: int | None = None
    bp_diastolic: int | None = None
    hypertension_treated: Tri | None = None
    hypertension_uncontrolled: Tri | None = None
    unstable_angina: Tri | None = None
    recent_mi_or_stroke: Tri | None = None
    heart_failure_decompensated: Tri | None = None
    serious_arrhythmia: Tri | None = None
    severe_valve_disease: Tri | None = None
    stable_coronary_disease: Tri | None = None
    atrial_fibrillation: Tri | None = None
    heart_murmur: Tri | None = None
    can_climb_two_flights: Tri | None = None  # more than 4 METs
    aneurysm: Tri | None = None
    arteriovenous_malformation: Tri | None = None
    brain_bleed: Tri | None = None

    # Brain, eyes and the rest of the body
    raised_intracranial_pressure: Tri | None = None
    brain_tumour: Tri | None = None
    hydrocephalus: Tri | None = None
    recent_head_injury: Tri | None = None
    glaucoma: Tri | None = None
    hypertensive_encephalopathy: Tri | None = None
    seizure_disorder: Tri | None = None
    pregnant: Tri | None = None
    could_be_pregnant: Tri | None = None
    trying_to_conceive: Tri | None = None
    breastfeeding: Tri | None = None
    severe_liver_disease: Tri | None = None
    moderate_liver_disease: Tri | None = None
    abnormal_liver_tests: Tri | None = None
    severe_kidney_disease: Tri | None = None
    bladder_symptoms: Tri | None = None
    cystitis: Tri | None = None
    hyperthyroidism_untreated: Tri | None = None
    thyroid_replacement: Tri | None = None
    severe_lung_disease: Tri | None = None
    home_oxygen: Tri | None = None
    untreated_sleep_apnoea: Tri | None = None
    porphyria: Tri | None = None
    cognitive_impairment: Tri | None = None
    capacity_concern: Tri | None = None
    height_cm: int | float | None = None
    weight_kg: int | float | None = None
    weight_age_days: int | None = None

    # Treatments: earlier, present, and this one
    ketamine_allergy: Tri | None = None
    ketamine_bad_reaction: Tri | None = None
    ketamine_elsewhere_weeks_ago: int | None = None
    ect_or_tms_now: Tri | None = None
    adequate_trials: int | None = None
    uncertain_trials: int | None = None
    medicines: tuple[Medicine, ...] | None = None
    recent_surgery: Tri | None = None
    anaesthesia_problem: Tri | None = None
    difficult_airway: Tri | None = None

    # Getting home
    escort_confirmed: Tri | None = None
    drives_for_work: Tri | None = None
    home_unsafe: Tri | None = None
    alone_at_home: Tri | None = None

    # The day of an infusion, and the course of a series
    fasted: Tri | None = None
    acute_illness: Tri | None = None
    infusions_given: int | None = None
    phq9_baseline: int | float | None = None
    phq9_before_infusion: int | float | None = None
    mania_symptoms_in_series: Tri | None = None

    @property
    def bmi(self) -> float | None:
        """Body mass index in kg/m2, or None without both measures."""
        if not self.height_cm or self.weight_kg is None:
            return None
        return self.weight_kg / (self.height_cm / 100) ** 2
