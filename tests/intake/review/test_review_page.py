"""The review page and its decision through the browser's door."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.domain.decisions import BoosterAsked, ConditionAsked
from intake.models import Answer, Clearance, Intake
from intake.queries.review_page import NO_FLAGS, NO_FLAGS_BUT_MEDICINES, of
from intake.queries.staging import Staging
from intake.sections import all_items
from intake.services.conditions import mark_condition_met
from pacificmind.accounts.models import Clinician
from pacificmind.audit.models import Action, Entry
from tests import cast, history
from tests.intake.review import people

pytestmark = pytest.mark.django_db
TRIAL = {"drug": "sertraline", "mg": 150, "weeks": 8, "episode": "yes", "adherent": "yes", "outcome": "none"}


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


@pytest.fixture
def intake() -> Intake:
    return people.answered(cast.patient())


def url(intake: Intake) -> str:
    return reverse("review", args=[intake.pk])


def text(client: Client, intake: Intake) -> str:
    return client.get(url(intake)).content.decode()


def filled(**changes: Any) -> dict[str, Any]:
    """A form as the browser sends it for a plain clearance."""
    return {
        "request_id": str(uuid.uuid4()),
        "seen": "none",
        "decision": "cleared",
        "sites": ["la"],
        "visit_kinds": ["infusion", "booster"],
        "until_on": people.until().isoformat(),
        "series": "new",
        "infusions": "6",
        "per_week": "2",
        "booster_plan": "none",
        "password": cast.PASSWORD,
        **changes,
    }


def test_a_finding_opens_the_answers_behind_it() -> None:
    intake = people.answered(cast.patient(), {"heart.aneurysm": "yes", "medicine.0000aaaa": {"name": "lorazepam 1 mg"}})
    page = of(intake)
    found = {one.finding.rule: one for group in page.groups for one in group.found}
    assert [(line.item, line.words) for line in found["D38"].evidence] == [("heart.aneurysm", "Yes")]
    assert [line.words for line in found["D69"].evidence] == ["lorazepam 1 mg"]
    assert [finding.rule for finding in page.contraindications] == ["D38"]
    assert page.medicines[0].classes[0].title.startswith("Benzodiazepine")


def test_declined_not_asked_and_unanswered_are_told_apart() -> None:
    intake = people.answered(
        cast.patient(), {"auditc.1": 0, "bipolar.told": None, "heart.avm": "unknown", "phq9.1": 2, "gone.question": "x"}
    )
    lines = {line.item: line for part in of(intake).parts for line in part.lines}
    assert lines["phq9.1"].shown == "More than half the days (2)"
    assert lines["heart.avm"].shown == "Not sure"
    assert lines["bipolar.told"].shown == "Preferred not to answer"
    assert lines["auditc.2"].shown == "Not asked", "whoever never drinks is not asked how much"
    assert lines["phq9.2"].shown == "Not answered"
    assert lines["gone.question"].shown == "x", "an answer to a question that is no longer asked is not lost"
    missing = {line.item for line in of(intake).missing}
    assert {"bipolar.told", "phq9.2"} <= missing
    assert not missing & {"auditc.2", "heart.avm", "reason.words"}


def test_unknown_answers_to_contraindications_are_asked(client: Client, doctor: Clinician) -> None:
    intake = people.answered(cast.patient(), {"heart.aneurysm": "unknown", "heart.avm": "no"})
    asked = of(intake).open_questions
    assert any("aneurysm" in question for question in asked)
    assert not any("AVM" in question for question in asked)


def test_scores_are_computed_here_with_the_one_before() -> None:
    who = cast.patient()
    people.answered(who, {f"phq9.{n}": 3 for n in range(1, 10)})
    page = of(people.answered(who, {f"phq9.{n}": 1 for n in range(1, 10)}, number=2))
    phq9 = page.scores[0]
    assert (phq9.total, phq9.band, phq9.before) == ("9", "mild", "27")
    assert page.scores[2].total.startswith("No score")
    assert page.previous is not None
    assert [(d.before, d.now) for d in page.differences] == [("Nearly every day (3)", "Several days (1)")] * 9


def test_trials_are_labelled_self_reported(client: Client, doctor: Clinician) -> None:
    intake = people.answered(cast.patient(), {"trial.0000aaaa": TRIAL, "trial.0000aaab": {"drug": "Wellbutrin"}})
    page = of(intake)
    assert [row.adequacy for row in page.trials] == ["Adequate", "Uncertain: obtain records"]
    assert "1 adequate trial in this episode, self-reported." in text(client, intake)


def test_without_findings_it_says_so_and_never_more(client: Client, doctor: Clinician, intake: Intake) -> None:
    history.remove(intake.findings.all())
    page = text(client, intake)
    assert NO_FLAGS in page
    assert "eligible" not in page.lower()


def test_a_medicine_to_look_at_without_a_rule_of_its_own_is_not_nothing(client: Client, doctor: Clinician) -> None:
    row = {"name": "gabapentin", "dose": "300 mg", "often": "daily"}
    intake = people.answered(cast.patient(), {"medicines.any": "yes", "medicine.aaaaaaaa": row})
    history.remove(intake.findings.all())
    page = text(client, intake)
    assert NO_FLAGS_BUT_MEDICINES in page
    assert NO_FLAGS not in page


def test_what_has_to_be_told_apart_stands_in_a_paragraph_each(client: Client, doctor: Clinician) -> None:
    intake = people.answered(
        cast.patient(),
        {
            "bipolar.told": "yes",
            "auditc.1": 3,
            "auditc.2": 1,
            "auditc.3": 1,
            "alcohol.sex": "female",
            "trials.any": "no",
            "reason.indications": ["ptsd"],
        },
    )
    page = text(client, intake)
    for words in (
        "Speaks for bipolar disorder: history: told of bipolar disorder.",
        "AUDIT-C 5 of 12: at or above the cut of 3",
        "The evidence for ketamine in PTSD is mixed",
        "does not meet the ≥2-trial history criterion (self-reported)",
    ):
        assert words in page
    assert "has TRD" not in page


def test_answers_are_shown_as_text_never_as_markup(client: Client, doctor: Clinician) -> None:
    intake = people.answered(cast.patient(), {"reason.words": "<script>alert(1)</script>"})
    page = text(client, intake)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_each_look_is_recorded(client: Client, doctor: Clinician, intake: Intake) -> None:
    client.get(url(intake))
    entry = Entry.objects.get(what="review")
    assert (entry.actor_id, entry.patient_id) == (doctor.user.pk, intake.patient_id)


def test_a_page_of_200_answers_takes_at_most_20_queries(client: Client, doctor: Clinician) -> None:
    who = cast.patient()
    for number in (1, 2):
        intake = people.answered(who, {item.id: "yes" for item in all_items() if item.kind == "yesno"}, number=number)
        extra = 200 - intake.answers.count()
        with history.rewriting(Answer):
            Answer.objects.bulk_create(
                Answer(intake=intake, section="heart", item=f"more.{n}", value=f"answer {n}") for n in range(extra)
            )
        signed = people.sign(
            doctor,
            intake,
            decision="cleared_with_conditions",
            conditions=[ConditionAsked("ecg")],
            overrides={found.rule: "known" for found in intake.findings.filter(flag="CONTRA")},
            booster=BoosterAsked(until_on=people.until()),
        )
        mark_condition_met(by=doctor.user, condition=signed.conditions.get())
    people.alert(who)
    assert intake.answers.count() == 200
    seen = people.queries_of(lambda: client.get(url(intake)))
    assert "answer 99" in text(client, intake)
    assert len(seen) <= 20, "\n".join(sql[:130] for sql in seen)


@pytest.mark.parametrize("role", ["patient", "front_desk", "manager"])
def test_others_get_403_and_nothing_of_it(client: Client, intake: Intake, role: str) -> None:
    client.force_login(cast.user(role))
    for answer in (client.get(url(intake)), client.post(url(intake), filled())):
        assert answer.status_code == 403
        assert intake.patient.family_name not in answer.content.decode()
    assert not Clearance.objects.exists()


def test_another_sites_patient_is_404_like_none(client: Client, doctor: Clinician) -> None:
    foreign = people.answered(cast.patient(cast.other_site()))
    unsent = people.answered(cast.patient(), sent=False)
    for address in (url(foreign), url(unsent), reverse("review", args=[uuid.uuid4()])):
        assert client.get(address).status_code == 404
        assert client.post(address, filled()).status_code == 404
    assert not Entry.objects.filter(what="review").exists()


def test_a_clinician_who_does_not_prescribe_reads_and_sees_why(client: Client, intake: Intake) -> None:
    client.force_login(cast.clinician().user)
    page = text(client, intake)
    assert "Only a prescriber can decide" in page
    assert 'name="decision"' not in page
    assert client.post(url(intake), filled()).status_code == 403
    assert not Clearance.objects.exists()


def test_a_prescriber_signs(client: Client, doctor: Clinician, intake: Intake) -> None:
    answer = client.post(
        url(intake),
        filled(
            decision="cleared_with_conditions",
            conditions=["ecg"],
            condition_text="Letter of the therapist\n\n Pharmacy list ",
            booster_plan="plan",
            after_days="28",
            window_days="10",
            booster_count="2",
            booster_until_on=people.until(90).isoformat(),
            infusions="8",
            per_week="3",
        ),
    )
    assert answer.headers["Location"] == reverse("review-queue")
    signed = Clearance.objects.get()
    assert sorted(str(row) for row in signed.conditions.all()) == [
        "ECG seen",
        "Letter of the therapist",
        "Pharmacy list",
    ]
    assert (signed.series_order.infusions, signed.series_order.per_week) == (8, 3)
    booster = signed.boosterorder_set.get()
    assert (booster.after_days, booster.window_days, booster.count) == (28, 10, 2)
    assert (signed.signed_by, signed.until_on) == (doctor.user, people.until())


def test_a_double_click_signs_once(client: Client, doctor: Clinician, intake: Intake) -> None:
    form = filled()
    for _ in range(2):
        assert client.post(url(intake), form).status_code == 302
    assert Clearance.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"decision": ""}, "decision"),
        ({"decision": "approved"}, "decision"),
        ({"sites": []}, "sites"),
        ({"sites": ["moon"]}, "sites"),
        ({"until_on": "2020-01-01"}, "until_on"),
        ({"until_on": "soon"}, "until_on"),
        ({"infusions": ""}, "infusions"),
        ({"infusions": "9"}, "infusions"),
        ({"per_week": "7"}, "per_week"),
        ({"decision": "cleared_with_conditions"}, "conditions"),
        ({"conditions": ["ecg"]}, "conditions"),
        ({"condition_text": "x" * 201, "decision": "cleared_with_conditions"}, "condition_text"),
        ({"booster_plan": "plan", "after_days": "", "window_days": "9", "booster_count": "3"}, "after_days"),
        ({"decision": "not_cleared"}, "words"),
        ({"note": "n" * 10_001}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"password": ""}, "password"),
        ({"password": "wrong"}, "password"),
    ],
)
def test_each_error_stands_beside_its_field_and_nothing_typed_is_lost(
    client: Client, doctor: Clinician, intake: Intake, changes: dict[str, Any], field: str
) -> None:
    answer = client.post(
        url(intake), filled(**{"words": "These words stay", **({"words": ""} if field == "words" else {}), **changes})
    )
    assert answer.status_code == 200
    form = answer.context["form"]
    assert field in form.errors, form.errors
    assert field == "words" or "These words stay" in answer.content.decode()
    assert cast.PASSWORD not in answer.content.decode()
    assert not Clearance.objects.exists()
    assert Entry.objects.filter(what="review", action=Action.VIEW).count() == 1, "a page shown again is a look as well"


def test_a_contraindication_asks_for_its_reason(client: Client, doctor: Clinician, intake: Intake) -> None:
    people.contraindicated(intake)
    answer = client.post(url(intake), filled())
    assert "override_D38" in answer.context["form"].errors
    client.post(url(intake), filled(override_D38="Imaging of last week shows none."))
    assert Clearance.objects.get().overrides.get().rule == "D38"


def test_a_version_that_came_in_meanwhile_has_to_be_read(client: Client, doctor: Clinician, intake: Intake) -> None:
    people.answered(intake.patient, number=2)
    answer = client.post(url(intake), filled())
    assert "A newer version of this intake has come in; read it first" in answer.content.decode()
    assert "Decide on the newest version" in text(client, intake)
    assert not Clearance.objects.exists()


def test_a_decision_signed_meanwhile_has_to_be_read(client: Client, doctor: Clinician, intake: Intake) -> None:
    people.sign(cast.prescriber(), intake)
    answer = client.post(url(intake), filled(seen="none"))
    assert "Another decision was signed while you were reading" in answer.content.decode()
    assert Clearance.objects.count() == 1


def test_the_trials_say_where_they_are_known_from_and_begin_the_maudsley_staging(
    client: Client, doctor: Clinician
) -> None:
    told = {
        "reason.months": 14,
        "trial.0000aaaa": {**TRIAL, "source": "pharmacy"},
        "trial.0000bbbb": {**TRIAL, "drug": "citalopram", "mg": 40},
        "trial.0000cccc": {**TRIAL, "drug": "bupropion", "outcome": "intolerant"},
    }
    intake = people.answered(cast.patient(), {"trials.any": "yes", **told})
    page = of(intake)
    assert [row.source for row in page.trials] == ["the pharmacy or a package", "memory", "memory"]
    assert page.staging == Staging(months=14, failed=2, duration_points=2, failure_points=1)
    body = text(client, intake)
    for words in ("14 months, 2 points", "did not help enough in it: 2, 1 point", "Yours to judge"):
        assert words in body
    nothing = of(people.answered(cast.patient(), {"trials.any": "no"}))
    assert nothing.staging == Staging(months=None, failed=0, duration_points=None, failure_points=None)


def test_terms_of_a_clearance_can_leave_sight_but_never_with_an_error_in_them(
    client: Client, doctor: Clinician
) -> None:
    """The style sheet hides them beside another decision unless something in them is marked as wrong."""
    intake = people.answered(cast.patient())
    assert text(client, intake).count("when-clearing") == 3
    people.contraindicated(intake)
    assert text(client, intake).count("when-clearing") == 4
    sent = filled(decision="more_information", words="Please call us.", infusions="many")
    body = client.post(url(intake), sent).content.decode()
    order = body[body.index("<legend>Order") :]
    assert "is-invalid" in order[: order.index("<legend>Boosters")]
    css = Path("static/css/pages/review.css").read_text()
    assert ".when-clearing:not(:has(.is-invalid" in css
