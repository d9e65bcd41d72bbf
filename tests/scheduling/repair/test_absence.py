"""A day on which somebody or something is not there: its effect and the proposal at once, one save for both."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from scheduling.domain.intervals import Interval
from scheduling.domain.repair import Absence
from scheduling.models import Appointment, Closure, Kind, Leave, Repair
from scheduling.queries import calendar
from scheduling.queries import repair as queries
from scheduling.services import repair, supply
from scheduling.services.repair_plan import propose
from tests import cast
from tests.scheduling.repair.conftest import MONDAY, Clinic, snapshot
from tests.scheduling.repair.test_pages import hidden, signed_in
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)

WEDNESDAY = MONDAY + timedelta(days=2)


def page_of(what: str) -> str:
    return f"{reverse('desk-absence')}?what={what.replace(' ', '+')}&on={WEDNESDAY}"


def saved(client: Client, what: str) -> Repair:
    page = client.get(page_of(what))
    answer = client.post(page_of(what), {**hidden(page), "save": "1"})
    assert answer.status_code == 302, answer.content.decode()
    return Repair.objects.latest("made_at")


def undone(client: Client, made: Repair) -> None:
    page = client.get(reverse("desk-repair", args=[made.pk]))
    client.post(reverse("desk-repair-undo", args=[made.pk]), hidden(page))
    made.refresh_from_db()
    assert made.undone_at is not None


@pytest.mark.parametrize("who", ["desk", "boss"])
def test_one_save_enters_the_leave_moves_what_it_hits_and_tells_each_once(clinic: Clinic, who: str) -> None:
    clinic.series(0, 2, 4)
    clinic.talk(2, 13)
    user: User = getattr(clinic, who)
    client, before = signed_in(user), snapshot()
    first = client.get(page_of(f"clinician {clinic.doctor.pk}")).content.decode()
    assert "Dr. Cho is away on Wednesday, January 6" in first
    assert "2 patients: 2 visits change" in first
    assert not Leave.objects.exists()

    made = saved(client, f"clinician {clinic.doctor.pk}")
    leave = Leave.objects.get()
    assert (leave.clinician, leave.repair) == (clinic.doctor, made)
    assert not Appointment.objects.filter(
        clinician=clinic.doctor, starts_at__lt=leave.ends_at, ends_at__gt=leave.starts_at
    ).exists()
    assert Message.objects.filter(purpose="visits-changed", status="owed").count() == 2
    assert not Task.objects.filter(done_at__isnull=True, kind="visit-to-move").exists()
    assert Entry.objects.filter(what="enter leave", actor_id=user.pk).count() == 1

    undone(client, made)
    assert snapshot() == before
    assert not Leave.objects.exists()
    assert not Task.objects.filter(done_at__isnull=True).exists()
    assert Entry.objects.filter(what="take leave back", actor_id=user.pk).count() == 1


@pytest.mark.parametrize(("what", "talks"), [("room", 0), ("site", 1)])
def test_a_room_or_a_site_is_closed_for_the_day_in_the_same_way(clinic: Clinic, what: str, talks: int) -> None:
    clinic.series(0, 2, 4)
    clinic.talk(2, 13, by=clinic.other)
    Appointment.objects.filter(kind=Kind.CONSULTATION).update(room=clinic.rooms[1])
    key = clinic.rooms[0].pk if what == "room" else "la"
    client, before = signed_in(clinic.desk), snapshot()
    made = saved(client, f"{what} {key}")
    closure = Closure.objects.get()
    assert (closure.room, closure.repair) == (clinic.rooms[0] if what == "room" else None, made)
    assert len(made.after) == 1 + talks
    undone(client, made)
    assert (snapshot(), Closure.objects.count()) == (before, 0)


def test_nobody_booked_then_is_entered_all_the_same_and_can_be_taken_back(clinic: Clinic) -> None:
    client = signed_in(clinic.desk)
    assert "Nobody is booked then" in client.get(page_of(f"clinician {clinic.doctor.pk}")).content.decode()
    made = saved(client, f"clinician {clinic.doctor.pk}")
    assert (made.before, made.site_id, Leave.objects.count()) == ({}, "la", 1)
    undone(client, made)
    assert not Leave.objects.exists()


def test_what_is_entered_already_is_not_saved_again(clinic: Clinic) -> None:
    client = signed_in(clinic.desk)
    path = page_of(f"clinician {clinic.doctor.pk}")
    page = client.get(path)
    saved(client, f"clinician {clinic.doctor.pk}")
    again = client.post(path, hidden(page) | {"save": "1", "request_id": str(uuid.uuid4())})
    assert "This is entered already, and no visit is in the way." in again.content.decode()
    assert (Repair.objects.count(), Leave.objects.count()) == (1, 1)


def test_a_closed_day_does_not_wait_for_a_prescribers_reason(clinic: Clinic) -> None:
    """The desk leaves out at one press whom it may not decide about, and saves the closure with all others."""
    thin, talk = clinic.series(0, 2, 7, 9), clinic.talk(2, 14, by=clinic.other)
    begun = walk.visits(thin)[0]
    Appointment.objects.filter(pk=begun.pk).update(starts_at=walk.at(MONDAY, 5), ends_at=walk.at(MONDAY, 7))
    for gap in (1, 3, 4):
        Closure.objects.create(
            site=cast.site(), starts_at=walk.at(MONDAY + timedelta(days=gap), 0),
            ends_at=walk.at(MONDAY + timedelta(days=gap + 1), 0), reason="Holiday",
        )  # fmt: skip
    client, path = signed_in(clinic.desk), page_of("site la")
    page = client.get(path)
    assert "Only a prescriber can accept that" in page.content.decode()
    assert 'name="save"' not in page.content.decode()
    again = client.post(path, hidden(page) | {"without": "1"})
    assert f"Take {thin.patient.full_name} in again" in again.content.decode()
    client.post(path, hidden(again) | {"save": "1"})
    talk.refresh_from_db()
    assert (Closure.objects.filter(reason="Closed for the day").count(), talk.version) == (1, 2)
    open_ones = Task.objects.filter(done_at__isnull=True, kind="visit-to-move")
    assert [task.patient_id for task in open_ones] == [thin.patient_id]


def test_who_is_left_out_stays_with_a_task(clinic: Clinic) -> None:
    visit = clinic.talk(2, 13)
    clinic.talk(2, 15)
    client, what = signed_in(clinic.desk), f"clinician {clinic.doctor.pk}"
    sent = hidden(client.get(page_of(what)))
    sent["patient"] = [one for one in sent["patient"] if one != str(visit.patient_id)]
    client.post(page_of(what), {**sent, "save": "1"})
    (task,) = Task.objects.filter(done_at__isnull=True)
    assert (task.kind, task.subject_id) == ("visit-to-move", visit.pk)


def test_a_break_within_the_day_stays_and_the_rest_of_the_day_is_entered(clinic: Clinic) -> None:
    noon = walk.at(WEDNESDAY, 12)
    Leave.objects.create(clinician=clinic.doctor, starts_at=noon, ends_at=noon + timedelta(hours=1), is_break=True)
    saved(signed_in(clinic.desk), f"clinician {clinic.doctor.pk}")
    assert Leave.objects.filter(is_break=False).count() == 2
    site, first = cast.site("la"), WEDNESDAY
    day = calendar.free_starts(site, Kind.CONSULTATION, from_day=first, until_day=first + timedelta(days=1))
    assert str(clinic.doctor.pk) not in {one.clinician for one in day}


def _away(days: int, **what: Any) -> Absence:
    start, _ = supply.whole_day(WEDNESDAY, cast.site("la"))
    return Absence(Interval(start, start + timedelta(days=days)), **what)


def test_the_front_desk_enters_one_day_of_its_own_site_and_no_more(clinic: Clinic) -> None:
    stranger = cast.receptionist(at=cast.site("lb", "Long Beach"))
    for by, away in (
        (clinic.desk, _away(2, clinician=str(clinic.doctor.pk))),
        (stranger, _away(1, clinician=str(clinic.doctor.pk))),
        (stranger, _away(1, room=str(clinic.rooms[0].pk))),
        (stranger, _away(1, site="la")),
    ):
        with pytest.raises(PermissionDenied):
            repair.save(by=by, plan=propose(queries.of_absence(by, away)))
    assert not Leave.objects.exists()
    assert not Closure.objects.exists()
    repair.save(by=clinic.boss, plan=propose(queries.of_absence(clinic.boss, _away(2, site="la"))))
    assert Closure.objects.count() == 1


def test_who_is_left_out_keeps_a_task_and_the_saved_page_says_so_until_it_is_undone(clinic: Clinic) -> None:
    clinic.series(0, 2, 4)
    talk = clinic.talk(2, 13)
    client, path = signed_in(clinic.desk), page_of(f"clinician {clinic.doctor.pk}")
    data = hidden(client.get(path))
    data["patient"].remove(str(talk.patient_id))
    after = client.post(path, {**data, "save": "1"}, follow=True).content.decode()
    assert "1 visit still waits for another time" in after
    assert [task.subject_id for task in Task.objects.filter(done_at__isnull=True)] == [talk.pk]
    made = Repair.objects.get()
    undone(client, made)
    assert "still wait" not in client.get(reverse("desk-repair", args=[made.pk])).content.decode()
