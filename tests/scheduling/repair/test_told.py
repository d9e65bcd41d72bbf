"""What a patient is told of a repair: one mail, once its grace is over, of each of their visits as it stands then."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from icalendar import Calendar

from intake.models import Condition
from pacificmind.clock import now
from pacificmind.messaging import claims, compose
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Void, Words
from pacificmind.messaging.said import Phrase
from scheduling.models import Appointment, PossibleTimes, Repair, Series, Status
from scheduling.queries import repair as queries
from scheduling.services import booking, repair, repair_undo, stages
from scheduling.services.repair_plan import propose
from tests.messaging.forbidden import forbidden_in
from tests.scheduling.repair.conftest import MONDAY, Clinic, places
from tests.scheduling.repair.telling import cancel, render, told
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_message_with_all_new_dates_in_neutral_words_after_the_grace(clinic: Clinic) -> None:
    run = clinic.series(0, 2, 4, 7, 9, 11)
    PossibleTimes.objects.create(patient=run.patient, weekdays=[0, 1, 2, 3])
    saved = repair.save(by=clinic.desk, plan=propose(queries.of_patient(clinic.desk, run.patient)))
    (message,) = told()
    assert message.due_at == saved.leaves_at == now() + timedelta(minutes=3)
    words = render(message)
    assert isinstance(words, Words)
    assert len(words.context["visits"]) == len(saved.after) >= 2
    assert not forbidden_in(compose.plain(compose.writer(words, Address())))
    booked = run.visits.filter(pk__in=list(saved.after), status="booked")
    assert len(words.attachments) >= booked.count() >= 1
    due = Message.objects.filter(subject_id__in=[v.pk for v in booked], status="owed")
    assert due.exists()
    assert all(one.subject_version == booked.get(pk=one.subject_id).version for one in due)


def test_a_time_that_stays_is_not_called_a_new_one(clinic: Clinic) -> None:
    run = clinic.series(1, 3)
    repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    words = render(told()[0])
    assert isinstance(words, Words)
    assert places(run)[0] == "Tue 05 09 b"
    assert words.key == "visit-stays"
    assert words.context["visits"][0]["was"].say("en") == "The time stays. Another person of our team will be with you."


def test_a_mail_says_which_time_is_no_longer(clinic: Clinic) -> None:
    run = clinic.series(1, 4)
    clinic.away(1, who=clinic.other)
    repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    assert places(run) != ["Tue 05 09 b", "Fri 08 09 b"]
    words = render(told()[0])
    assert isinstance(words, Words)
    assert words.key == "visit-changed"
    assert [one["was"].say("en") for one in words.context["visits"]] == ["No longer: Tuesday, January 5, 9:00 am"]


def test_a_time_that_nobody_was_told_is_not_one_that_stays(clinic: Clinic) -> None:
    run = clinic.series(1, 4)
    (visit, _) = walk.visits(run)
    later = walk.at(MONDAY + timedelta(days=1), 13)
    booking.move(by=clinic.desk, visit_id=visit.pk, version=visit.version, starts_at=later)
    repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    assert places(run)[0] == "Tue 05 13 b"
    words = render(told()[0])
    assert isinstance(words, Words)
    assert words.key == "visit-changed"
    assert [one["was"].say("en") for one in words.context["visits"]] == ["No longer: Tuesday, January 5, 9:00 am"]


def test_a_second_repair_before_the_first_is_told_names_the_time_they_know(clinic: Clinic) -> None:
    run = clinic.series(1, 4)
    clinic.away(1, who=clinic.other)
    repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    moved = min(walk.visits(run), key=lambda visit: visit.moved_from is None)
    on = (moved.day - MONDAY).days
    clinic.away(on, who=clinic.other)
    second = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(on)))
    assert Message.objects.filter(purpose="visits-changed").count() == 2
    words = render(Message.objects.get(purpose="visits-changed", subject_id=second.pk))
    assert isinstance(words, Words)
    assert [one["was"].say("en") for one in words.context["visits"]] == ["No longer: Tuesday, January 5, 9:00 am"]


def cancelled_and_repaired(clinic: Clinic) -> tuple[Series, Appointment, Repair]:
    run = clinic.series(1, 4, infusions=2, per_week=2)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    gone = walk.visits(run)[1]
    cancel(clinic, gone)
    clinic.away(4)
    clinic.away(4, who=clinic.other)
    return run, gone, repair.save(by=clinic.desk, plan=clinic.propose_series(run))


def test_a_visit_cancelled_and_made_good_is_told_in_one_mail(clinic: Clinic) -> None:
    run, gone, saved = cancelled_and_repaired(clinic)
    assert saved.cancelled == [str(gone.pk)]
    owed = Message.objects.filter(recipient_id=run.patient_id, status="owed", due_at__lte=saved.leaves_at)
    assert [one.purpose for one in owed] == ["visits-changed"]
    words = render(owed[0])
    assert isinstance(words, Words)
    assert words.key == "visit-changed"
    assert [one["was"].say("en") for one in words.context["visits"]] == ["No longer: Friday, January 8, 9:00 am"]
    methods = [str(Calendar.from_ical(one.content.decode())["METHOD"]) for one in words.attachments]
    assert methods == ["REQUEST", "CANCEL"], "the new one enters the calendar, the old one leaves it"
    assert not forbidden_in(compose.plain(compose.writer(words, Address())))


def test_a_visit_booked_for_a_moment_between_is_not_told_of(clinic: Clinic) -> None:
    run = clinic.series(0, 2, 4, 7, 9, 11)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    cancel(clinic, walk.visits(run)[1])
    assert told("visit-booked")[0].due_at == now() + timedelta(minutes=3), "the fourth is booked in its place"
    repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    news = Message.objects.filter(recipient_id=run.patient_id, status="owed").exclude(
        purpose__startswith="visit-reminder"
    )
    assert [one.purpose for one in news] == ["visits-changed"]
    words = render(news[0])
    assert isinstance(words, Words)
    assert len(words.context["visits"]) == 1


def test_one_made_again_at_the_time_of_the_cancelled_one_stays_at_its_time(clinic: Clinic) -> None:
    run = clinic.series(1, 4, infusions=2, per_week=2)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    PossibleTimes.objects.create(patient=run.patient, weekdays=[4])
    cancel(clinic, walk.visits(run)[1])
    repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    assert places(run) == ["Tue 05 09 b", "Fri 08 09 b"]
    words = render(told()[0])
    assert isinstance(words, Words)
    assert (words.key, words.context["visits"][0]["was"].say("en")) == ("visit-stays", "The time stays.")
    assert len(words.attachments) == 2, "a calendar has another entry at that time"


def test_a_cancellation_that_has_left_is_followed_by_the_news_alone(clinic: Clinic) -> None:
    run = clinic.series(0, 2, 4, 7, 9, 11)
    cancel(clinic, walk.visits(run)[1])
    Message.objects.filter(purpose="visit-cancelled").update(status="sent", done_at=now())
    saved = repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    assert saved.cancelled == []
    words = render(told()[0])
    assert isinstance(words, Words)
    assert words.key == "visit-added"


def test_a_cancellation_told_with_a_repair_is_told_by_itself_when_that_is_undone(clinic: Clinic) -> None:
    _, gone, saved = cancelled_and_repaired(clinic)
    assert told("visit-cancelled") == []
    repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
    (again,) = told("visit-cancelled")
    assert (again.subject_id, again.due_at <= now()) == (gone.pk, True)
    assert isinstance(render(again), Words)
    assert told() == []


def test_what_took_its_place_is_gone_as_well_and_the_cancellation_is_told(clinic: Clinic) -> None:
    run, gone, saved = cancelled_and_repaired(clinic)
    (new,) = [v for v in walk.visits(run) if saved.before.get(str(v.pk), {}) is None]
    cancel(clinic, new)
    words = render(told()[0])
    assert isinstance(words, Words)
    assert (words.key, words.context["path"]) == ("visit-cancelled", f"/visits/{gone.pk}/")


def test_two_cancelled_and_nothing_in_their_place_are_rows_that_say_so(clinic: Clinic) -> None:
    run = clinic.series(0, 2, 4, 7, 9, 11)
    first, second = walk.visits(run)[:2]
    cancel(clinic, first)
    second.refresh_from_db()
    cancel(clinic, second)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    made = [pk for pk, columns in saved.before.items() if columns is None]
    booking.cancel(by=clinic.desk, visit_id=uuid.UUID(made[0]), version=saved.after[made[0]], why="Travels")
    words = render(told()[0])
    assert isinstance(words, Words)
    text = compose.plain(compose.writer(words, Address()))
    assert text.count("This one is cancelled.") == 1
    assert text.count("No longer:") == len(made) - 1


def test_nothing_of_the_patient_is_kept_in_the_repair(clinic: Clinic) -> None:
    run = clinic.series(1, 3)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    kept = {"starts_at", "moved_from", "ends_at", "room_free_at", "room", "clinician", "lanes"}
    assert {key for one in saved.before.values() for key in one} == kept | {"status", "version"}
    assert run.patient.family_name not in str(saved.before) + str(saved.after)


def test_a_second_message_of_the_first_repair_says_it_was_changed_again(clinic: Clinic) -> None:
    run = clinic.series(1, 3, 7)
    repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    (message,) = told()
    visit = walk.visits(run)[0]
    booking.move(by=clinic.desk, visit_id=visit.pk, version=visit.version, starts_at=walk.at(MONDAY, 14))
    assert render(message) == Void("Nothing is new about these visits any more.")


def news_to(run: Series) -> list[Message]:
    """What is owed to the patient but reminders."""
    owed = Message.objects.filter(recipient_id=run.patient_id, status="owed")
    return list(owed.exclude(purpose__startswith="visit-reminder"))


def said(words: object) -> list[tuple[str, str]]:
    """Of each visit in the mail: what is said in place of its address, and what is new about it."""
    assert isinstance(words, Words)
    return [(_in_words(one["where"]), _in_words(one["was"])) for one in words.context["visits"]]


def _in_words(told: str | Phrase) -> str:
    return "" if isinstance(told, str) else told.say("en")


def hold_from(run: Series, number: int) -> None:
    """What a clinician, or too little gain, does to the visits from this one on."""
    with transaction.atomic():
        Series.objects.filter(pk=run.pk).update(released_to=number - 1)
        stages.align_stage(Series.objects.select_related("order", "site").get(pk=run.pk))


HELD = "Planned: your clinician looks first."


def test_a_visit_it_made_and_that_is_held_again_before_the_mail_leaves_is_told_in_it_as_held(clinic: Clinic) -> None:
    run = clinic.series(0, 2, 4, 7, 9, 11)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    cancel(clinic, walk.visits(run)[1])
    saved = repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    (made,) = [pk for pk, columns in saved.before.items() if columns is None]
    assert Appointment.objects.get(pk=made).status == Status.BOOKED
    hold_from(run, 2)
    assert Appointment.objects.get(pk=made).status == Status.HELD
    assert made not in {str(one.subject_id) for one in news_to(run)}
    (mail,) = told()
    (line,) = said(render(mail))
    assert line[0] == HELD


def test_one_it_moved_and_that_is_held_again_is_told_in_it_alone(clinic: Clinic) -> None:
    run = clinic.series(1, 4, 8)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    clinic.away(4, who=clinic.other)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(4)))
    (moved,) = saved.after
    hold_from(run, 2)
    (other,) = [one.pk for one in walk.visits(run) if one.status == Status.HELD and str(one.pk) != moved]
    assert {(one.purpose, one.subject_id) for one in news_to(run)} == {
        ("visits-changed", saved.pk), ("visit-held", other),
    }, "of the other one there is news of its own"  # fmt: skip
    words = render(told()[0])
    assert isinstance(words, Words)
    assert said(words) == [(HELD, "No longer: Friday, January 8, 9:00 am")]
    (entry,) = words.attachments
    assert b"TENTATIVE" in entry.content


def test_one_it_left_unconfirmed_and_that_is_booked_before_the_mail_leaves_is_told_in_it_alone(clinic: Clinic) -> None:
    run = clinic.series(1, 4)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    needed = Condition.objects.create(clearance=run.clearance, kind="ecg")
    clinic.away(1, who=clinic.other)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    (pk,) = saved.after
    assert Appointment.objects.get(pk=pk).status == Status.HELD
    Condition.objects.filter(pk=needed.pk).update(met_at=now(), met_by=clinic.doctor.user)
    with transaction.atomic():
        assert stages.promote(run.patient_id) == 1
    (mail,) = news_to(run)
    assert (mail.purpose, said(render(mail))) == (
        "visits-changed", [("", "No longer: Tuesday, January 5, 9:00 am")],
    )  # fmt: skip
    assert Message.objects.filter(subject_id=pk, purpose__startswith="visit-reminder", status="owed").exists()


def promoted_and_repaired(clinic: Clinic) -> tuple[Series, Appointment, Repair]:
    """The second is cancelled, the fourth booked in its place, and what is made good comes at the end."""
    run = clinic.series(0, 2, 4, 7, 9, 11)
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    fourth = walk.visits(run)[3]
    cancel(clinic, walk.visits(run)[1])
    for who in (clinic.doctor, clinic.other):
        clinic.away(1, 4, who=who)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_series(run))
    fourth.refresh_from_db()
    assert fourth.status == Status.BOOKED
    assert str(fourth.pk) not in saved.after
    return run, fourth, saved


def test_a_visit_booked_because_another_went_and_that_stays_so_is_told_with_the_repair(clinic: Clinic) -> None:
    run, fourth, saved = promoted_and_repaired(clinic)
    assert saved.booked == [str(fourth.pk)]
    (mail,) = news_to(run)
    words = render(mail)
    assert isinstance(words, Words)
    assert mail.purpose == "visits-changed"
    assert ("", "The time stays. It is booked now.") in said(words)
    assert len(said(words)) == 1 + len(saved.after)
    assert any(f"{fourth.pk}@" in one.content.decode().replace("\r\n ", "") for one in words.attachments)
    assert not forbidden_in(compose.plain(compose.writer(words, Address())))


def test_undone_that_visit_has_its_own_mail_again(clinic: Clinic) -> None:
    run, fourth, saved = promoted_and_repaired(clinic)
    repair_undo.undo(by=clinic.desk, repair_id=saved.pk)
    assert [(one.purpose, one.subject_id) for one in news_to(run) if one.purpose == "visit-booked"] == [
        ("visit-booked", fourth.pk)
    ]
    assert isinstance(render(told("visit-booked")[0]), Words)


def test_held_again_it_is_no_news_and_booked_again_it_is(clinic: Clinic) -> None:
    run, _, _ = promoted_and_repaired(clinic)
    hold_from(run, 3)
    (mail,) = told()
    assert "It is booked now." not in str(said(render(mail)))
    with transaction.atomic():
        Series.objects.filter(pk=run.pk).update(released_to=3)
        stages.promote(run.patient_id)
    assert ("", "The time stays. It is booked now.") in said(render(mail))
    assert [one.purpose for one in news_to(run) if one.purpose in ("visit-held", "visit-booked")] == []


def test_what_changes_after_the_mail_left_is_told_by_itself(clinic: Clinic) -> None:
    run = clinic.series(1, 3)
    (pk,) = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(3))).after
    Message.objects.filter(purpose__in=("series-booked", "visits-changed")).update(status="sent", done_at=now())
    hold_from(run, 2)
    assert [(one.purpose, str(one.subject_id)) for one in news_to(run)] == [("visit-held", pk)]


def test_a_mail_that_a_worker_has_read_the_visits_for_is_read_anew(clinic: Clinic) -> None:
    run = clinic.series(1, 3)
    saved = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(3)))
    Message.objects.filter(purpose="series-booked").update(status="sent", done_at=now())
    with time_machine.travel(saved.leaves_at, tick=False):
        (in_hand,) = claims.lease()
        assert isinstance(render(in_hand), Words)
        hold_from(run, 2)
        assert not claims.mark(in_hand), "what it read is no longer so"
        (again,) = claims.lease()
        assert said(render(again))[0][0] == HELD
        assert claims.mark(again)


def test_of_two_repairs_the_later_one_tells(clinic: Clinic) -> None:
    run = clinic.series(1, 4)
    clinic.away(1, who=clinic.other)
    first = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(1)))
    moved = min(walk.visits(run), key=lambda visit: visit.moved_from is None)
    on = (moved.day - MONDAY).days
    clinic.away(on, who=clinic.other)
    second = repair.save(by=clinic.desk, plan=clinic.propose_leave(clinic.away(on)))
    mails = {one.subject_id: render(one) for one in told()}
    assert mails[first.pk] == Void("Nothing is new about these visits any more.")
    assert isinstance(mails[second.pk], Words)
