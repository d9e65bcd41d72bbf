"""The engine around the rules: order, independence, versions, what a clinic may change."""

from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.facts import Facts, Tri
from intake.domain.library import match, medicine_table, policy
from intake.domain.policy import FLAGS, TRI_NAMES, parse_policy
from intake.domain.reading import DataError
from intake.domain.rules import PREDICATES
from intake.domain.screening import open_questions, screen

NOTHING_TO_SAY = Facts(phq9_item9=0, asq=("N", "N", "N", "N", None), weight_kg=70, weight_age_days=0)
VERDICTS = ("eligible", "approved", "cleared", "safe to", "qualif", "not a candidate")


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    values: dict[str, Any] = {name: draw(st.sampled_from([None, *Tri])) for name in TRI_NAMES}
    values["phq9_item9"] = draw(st.sampled_from([None, 0, 1, 2, 3]))
    values["asq"] = draw(st.none() | st.tuples(*[st.sampled_from(["Y", "N", "R", None])] * 5))
    values["phq9_score"] = draw(st.none() | st.integers(0, 27))
    values["age_years"] = draw(st.none() | st.integers(0, 120))
    values["bp_systolic"] = draw(st.none() | st.integers(60, 250))
    values["medicines"] = draw(st.none() | st.tuples(st.text(max_size=20).map(match)))
    return Facts(**values)


def test_quiet_facts_raise_nothing() -> None:
    assert screen(NOTHING_TO_SAY, policy()) == ()


def test_missing_essentials_are_said() -> None:
    assert [finding.rule for finding in screen(Facts(), policy())] == ["D07", "D64"]


@given(any_facts())
@settings(max_examples=25, deadline=None)
def test_findings_are_in_order_and_carry_their_evidence(facts: Facts) -> None:
    findings = screen(facts, policy())
    keys = [(FLAGS.index(f.flag), not f.high, int(f.rule[1:3]), f.rule) for f in findings]
    assert keys == sorted(keys)
    assert all(before != after for before, after in pairwise(keys))
    for finding in findings:
        assert finding.because
        assert finding.version >= 1
        assert "{" not in finding.reason
        assert not any(word in finding.reason.lower() for word in VERDICTS)


@given(any_facts(), st.data())
@settings(max_examples=25, deadline=None)
def test_a_yes_never_silences_another_rule(facts: Facts, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TRI_NAMES - {"escort_confirmed", "can_climb_two_flights", "fasted"})))
    values: dict[str, Any] = {field.name: getattr(facts, field.name) for field in fields(Facts)}
    before = {f.rule for f in screen(Facts(**{**values, name: None}), policy())}
    after = {f.rule for f in screen(Facts(**{**values, name: Tri.YES}), policy())}
    assert before <= after


@given(any_facts(), st.data())
@settings(max_examples=40, deadline=None)
def test_not_knowing_never_flags_fewer_than_no_where_yes_would_be_a_contraindication(
    facts: Facts, data: st.DataObject
) -> None:
    listed = sorted({name for rule in policy().rules.values() if rule.flag == "CONTRA" for name in rule.any_yes})
    name = data.draw(st.sampled_from([*listed, "hypertension_uncontrolled"]))
    values: dict[str, Any] = {field.name: getattr(facts, field.name) for field in fields(Facts)}
    no = {f.rule for f in screen(Facts(**{**values, name: Tri.NO}), policy())}
    unknown = {f.rule for f in screen(Facts(**{**values, name: Tri.UNKNOWN}), policy())}
    assert no <= unknown
    assert any(f"{name}=unknown" in f.because for f in screen(Facts(**{name: Tri.UNKNOWN}), policy()))  # type: ignore[arg-type]


@given(any_facts())
@settings(max_examples=25, deadline=None)
def test_the_order_does_not_hang_on_the_order_of_the_table(facts: Facts) -> None:
    backwards = replace(policy(), rules=dict(reversed(list(policy().rules.items()))))
    assert screen(facts, backwards) == screen(facts, policy())


def test_the_safety_pathway_is_locked_and_nothing_that_is_not_of_it_or_of_the_medicines() -> None:
    rules = policy().rules.values()
    assert {rule.id for rule in rules if rule.flag.startswith("URGENT")} <= {rule.id for rule in rules if rule.locked}


@given(any_facts(), st.integers(0, 27), st.integers(0, 80))
@settings(max_examples=25, deadline=None)
def test_no_word_of_a_clinic_or_of_the_table_is_a_verdict(facts: Facts, phq9: int, pcl5: int) -> None:
    for finding in screen(replace(facts, phq9_score=phq9, pcl5_score=pcl5), policy()):
        assert not any(word in f"{finding.reason} {finding.source}".lower() for word in VERDICTS)


def test_every_rule_has_either_lists_or_a_predicate_and_every_class_exists() -> None:
    rules = policy().rules
    assert {name for name, rule in rules.items() if not rule.is_data} == set(PREDICATES)
    assert {name for rule in rules.values() for name in rule.any_class} <= set(medicine_table().classes)


def test_every_history_question_raises_some_rule() -> None:
    for name in TRI_NAMES - {"hypertension_treated"}:
        answers: list[dict[str, Any]] = [{name: answer} for answer in Tri]
        raised = [screen(Facts(**answer), policy()) for answer in answers]
        assert len({tuple(f.rule for f in findings) for findings in raised}) > 1, name


def test_open_questions_are_those_behind_contraindications() -> None:
    open_now = open_questions(Facts(pregnant=Tri.UNKNOWN, breastfeeding=Tri.NO, aneurysm=Tri.YES), policy())
    assert "pregnant" in open_now
    assert "could_be_pregnant" in open_now
    assert not {"breastfeeding", "aneurysm", "glaucoma"} & set(open_now)


def test_a_clinic_can_change_thresholds_wording_and_rules_and_the_version_says_so() -> None:
    ours = policy().with_overrides(
        thresholds={"pcl5_positive": 31}, off=frozenset({"D32"}), reasons={"D61": "Older: our falls leaflet."}
    )
    facts = Facts(pcl5_score=31, cannabis_daily=Tri.YES, age_years=70)
    found = {finding.rule: finding for finding in screen(facts, ours)}
    assert "D14" in found
    assert "D32" not in found
    assert found["D61"].reason == "Older: our falls leaflet."
    assert ours.version.startswith(policy().version + "+clinic.")
    assert policy().with_overrides() is policy()
    assert policy().with_overrides(off=frozenset({"D32"}), revision=7).version == f"{policy().version}+clinic.7"


@pytest.mark.parametrize("words", ["", "  ", "x" * 401, "Older than {oldest_years}.", "Older than {}."])
def test_words_that_say_nothing_too_much_or_name_no_number_are_refused(words: str) -> None:
    with pytest.raises(DataError, match="D61"):
        policy().with_overrides(reasons={"D61": words})


def test_words_of_a_clinic_may_name_a_number() -> None:
    ours = policy().with_overrides(reasons={"D61": "Aged {older_years} or more: our leaflet."})
    said = {finding.rule: finding.reason for finding in screen(Facts(age_years=70), ours)}
    assert said["D61"] == "Aged 65 or more: our leaflet."


@pytest.mark.parametrize("rule", ["D01", "D02", "D03", "D04", "D05", "D06", "D07", "D75", "D87"])
def test_safety_rules_cannot_be_switched_off(rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        policy().with_overrides(off=frozenset({rule}))


@pytest.mark.parametrize(
    "change",
    [
        {"pcl5": 31},
        {"pcl5_positive": -1},
        {"pcl5_positive": True},
        {"pcl5_positive": float("nan")},
        {"pcl5_positive": 33.5},  # moves in whole points
        {"pcl5_positive": 39},  # beyond every published cut
        {"trial_min_weeks": 3},
        {"phq9_item9": 2},  # the safety pathway is fixed
        {"adult_years": 17},
        {"gad7_moderate": 14, "gad7_severe": 13},
        {"bp_hold_systolic": 160, "bp_stop_systolic": 150},  # held above what stops
    ],
)
def test_nonsense_thresholds_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(DataError):
        policy().with_overrides(thresholds=change)


def test_overrides_of_unknown_rules_are_refused() -> None:
    with pytest.raises(DataError, match="D54"):
        policy().with_overrides(off=frozenset({"D54"}))
    with pytest.raises(DataError, match="D99"):
        policy().with_overrides(reasons={"D99": "x"})


def test_a_doubtful_table_is_not_read() -> None:
    from importlib.resources import files

    text = (files("intake") / "data" / "screening.toml").read_text(encoding="utf-8")
    for old, new in (
        ('any_yes = ["aneurysm"]', 'any_yes = ["aneurism"]'),
        ('flag = "CONTRA"', 'flag = "STOP"'),
        ("value = 33", "value = true"),
        ("value = 33", "value = 30"),
        ('name = "gad7_severe"', 'name = "gad7_severer"'),
        ('name = "gad7_severe"', 'name = "gad7_moderate"'),
        ("{pcl5_positive}", "{pcl5_cut}"),
        ('id = "D39"', 'id = "D38"'),
        ('source = "NIMH ASQ"', 'sauce = "NIMH ASQ"'),
    ):
        assert old in text
        with pytest.raises(DataError):
            parse_policy(text.replace(old, new, 1), "test")
