"""Saving answers: upserts, tabs, versions, sending."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied

from intake.models import Answer, Finding, Intake, Patient, SafetyAlert
from intake.queries.intake import next_intake_step, open_intake, progress
from intake.queries.safety import whereabouts
from intake.sections import section
from intake.services.answers import save_section, score_of
from intake.services.sending import IntakeIncomplete, submit_intake
from intake.services.versions import IntakeSent, open_next_version
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Task
from tests import cast
from tests.intake.filling import fill, fill_section

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Patient:
    return cast.patient(account=True)


def stored(who: Patient) -> dict[str, object]:
    rows = Answer.objects.filter(intake=open_intake(who.pk))
    return {row.item: row.value if row.status == "answered" else row.status for row in rows}


def test_only_what_is_given_is_touched(ana: Patient) -> None:
    save_section(by=ana.user, patient=ana, section=section("mood"), answers={"phq9.1": 1, "phq9.2": 2})
    save_section(by=ana.user, patient=ana, section=section("mood"), answers={"phq9.2": 3}, declined=["phq9.3"])
    assert stored(ana) == {"phq9.1": 1, "phq9.2": 3, "phq9.3": "declined"}
    assert list(Answer.objects.filter(amended=True).values_list("item", flat=True)) == ["phq9.2"]


def test_saving_the_same_again_changes_nothing(ana: Patient) -> None:
    first = save_section(by=ana.user, patient=ana, section=section("mood"), answers={"phq9.1": 1})
    again = save_section(by=ana.user, patient=ana, section=section("mood"), answers={"phq9.1": 1})
    assert (first.changed, again.changed) == (("phq9.1",), ())
    assert not Answer.objects.get().amended


def test_an_answer_names_its_instrument_and_version(ana: Patient) -> None:
    save_section(by=ana.user, patient=ana, section=section("mood"), answers={"phq9.1": 1})
    assert Answer.objects.get().instrument == "PHQ-9/en/1"


def test_a_part_is_done_only_with_all_its_answers(ana: Patient) -> None:
    mood = section("mood")
    assert not save_section(by=ana.user, patient=ana, section=mood, answers={"phq9.1": 1}).done
    rest = {f"phq9.{n}": 0 for n in range(2, 8)}
    assert not save_section(by=ana.user, patient=ana, section=mood, answers=rest).done
    assert save_section(by=ana.user, patient=ana, section=mood, answers={}, declined=["phq9.8"]).done
    assert [part.section.slug for part in progress(open_intake(ana.pk)).parts if part.done] == ["mood"]


def test_yes_to_medicines_without_any_is_not_done(ana: Patient) -> None:
    medicines = section("medicines")
    assert not save_section(by=ana.user, patient=ana, section=medicines, answers={"medicines.any": "yes"}).done
    row = {"medicine.aaaaaaaa": {"name": "Lithium", "dose": "", "often": ""}}
    assert save_section(by=ana.user, patient=ana, section=medicines, answers=row).done


@pytest.mark.parametrize("item", ["phq9.9", "mood.1", "medicine.aaaaaaaa", ""])
def test_a_question_of_another_part_is_refused(ana: Patient, item: str) -> None:
    with pytest.raises(ValueError, match="not questions of mood"):
        save_section(by=ana.user, patient=ana, section=section("mood"), answers={item: 1})


def test_nobody_answers_for_another(ana: Patient) -> None:
    for person in (cast.patient(account=True).user, cast.prescriber().user, cast.receptionist()):
        with pytest.raises(PermissionDenied):
            save_section(by=person, patient=ana, section=section("mood"), answers={"phq9.1": 1})
        with pytest.raises(PermissionDenied):
            submit_intake(by=person, patient=ana)
    assert not Intake.objects.exists()


def test_contacts_reach_the_front_desk(ana: Patient) -> None:
    fill(ana, home__escort_name="Ben", home__escort_phone="+12135550179")
    ana.refresh_from_db()
    assert (ana.emergency_name, str(ana.emergency_phone)) == ("Ben Reyes", "+12135550178")
    assert (ana.escort_name, str(ana.escort_phone)) == ("Ben", "+12135550179")
    assert (whereabouts(ana.pk).place, whereabouts(ana.pk).phone) == ("1 Olive Street, Los Angeles", "+12135550177")


@pytest.mark.parametrize("words", ["I want to kill myself", "quiero morir"])
def test_words_of_crisis_in_a_free_text_raise_an_alert(ana: Patient, words: str) -> None:
    saved = save_section(by=ana.user, patient=ana, section=section("reason"), answers={"reason.words": words})
    assert saved.alert is not None
    assert (saved.alert.tier, saved.alert.trigger) == ("URGENT-1", "words")
    save_section(by=ana.user, patient=ana, section=section("reason"), answers={"reason.words": f"{words}!"})
    assert SafetyAlert.objects.count() == 1


def test_ordinary_words_raise_none(ana: Patient) -> None:
    save_section(by=ana.user, patient=ana, section=section("reason"), answers={"reason.words": "I am tired all day."})
    assert not SafetyAlert.objects.exists()


def test_sending_scores_screens_freezes_and_asks_a_prescriber(ana: Patient) -> None:
    fill(ana, ana.user, heart__aneurysm="yes", phq9__1=3, phq9__2=3)
    before = now()
    intake = submit_intake(by=ana.user, patient=ana)
    assert intake.submitted_at
    assert intake.submitted_at >= before
    assert intake.ruleset.startswith("2026.")
    flags = dict(Finding.objects.filter(screening__intake=intake).values_list("rule", "flag"))
    assert flags["D38"] == "CONTRA"
    assert flags["D10"] == "REVIEW"
    assert Finding.objects.order_by("position")[0].flag == "CONTRA"
    assert Finding.objects.get(rule="D38").because == ["aneurysm=yes"]
    assert score_of(intake, "PHQ-9").score == 6
    task = Task.objects.get(kind=Kind.INTAKE_REVIEW)
    assert (task.subject_id, task.queue, task.site) == (intake.pk, "prescribers", ana.site)
    assert timedelta(days=2) <= task.due_at - intake.submitted_at <= timedelta(days=4, hours=2)
    assert Entry.objects.filter(what="submit-intake", patient_id=ana.pk).count() == 1


def test_what_was_not_asked_is_stored_as_such(ana: Patient) -> None:
    fill(ana)
    intake = submit_intake(by=None, patient=ana)
    closed = intake.answers.filter(status="not_asked").values_list("section", flat=True).distinct()
    never_asked = {"event-month", "event-month-2", "event-month-3", "alcohol-2", "substances-year", "ketamine-before"}
    assert set(closed) == never_asked
    assert intake.answers.get(item="pcptsd5.3").value is None


def test_an_incomplete_intake_is_not_sent(ana: Patient) -> None:
    with pytest.raises(IntakeIncomplete):
        submit_intake(by=ana.user, patient=ana)
    fill(ana)
    Answer.objects.filter(item="pcptsd5.0").update(value=1)  # opens a part that nobody has answered
    with pytest.raises(IntakeIncomplete):
        submit_intake(by=ana.user, patient=ana)
    assert not Finding.objects.exists()


def test_sending_twice_sends_once(ana: Patient) -> None:
    fill(ana)
    first, second = submit_intake(by=None, patient=ana), submit_intake(by=None, patient=ana)
    assert first == second
    assert Task.objects.filter(kind=Kind.INTAKE_REVIEW).count() == 1


def test_a_sent_version_is_frozen_and_the_next_begins_with_its_answers(ana: Patient) -> None:
    fill(ana, phq9__1=2)
    first = submit_intake(by=None, patient=ana)
    with pytest.raises(IntakeSent):
        save_section(by=None, patient=ana, section=section("mood"), answers={"phq9.1": 3})
    second = open_next_version(by=None, patient=ana)
    assert (second.number, progress(second).complete) == (2, True)
    save_section(by=None, patient=ana, section=section("mood"), answers={"phq9.1": 3})
    assert first.answers.get(item="phq9.1").value == 2
    changed = second.answers.get(item="phq9.1")
    assert (changed.value, changed.amended) == (3, True)
    assert not second.answers.filter(status="not_asked").exists()
    assert open_next_version(by=None, patient=ana) == second


def test_the_next_step_says_where_one_stands(ana: Patient) -> None:
    start = next_intake_step(ana)
    assert (start.kind, start.url) == ("start", "/intake/")
    assert start.minutes > 20
    fill_section(ana, section("contact"))
    on = next_intake_step(ana)
    assert (on.kind, on.url) == ("continue", "/intake/part/you/")
    assert on.minutes < start.minutes
    fill(ana)
    assert (next_intake_step(ana).kind, next_intake_step(ana).url) == ("send", "/intake/check/")
    submit_intake(by=None, patient=ana)
    assert next_intake_step(ana).kind == "sent"


def test_a_weight_told_long_ago_is_too_old_when_sent(ana: Patient) -> None:
    with time_machine.travel("2026-03-02T18:00Z", tick=False) as clock:
        fill(ana, body__weight_when="weeks")
        clock.shift(timedelta(days=3))
        intake = submit_intake(by=None, patient=ana)
    assert Finding.objects.filter(screening__intake=intake, rule="D64").exists()
