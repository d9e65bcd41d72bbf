"""The rota: who is paged first, overlaps refused, gaps put before the managers."""

import threading
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import close_old_connections, connections, transaction
from django.test import Client
from django.urls import reverse

from intake.models import OnCall
from intake.queries.oncall import coming, gaps_of, on_call
from intake.services.oncall import RotaRefused, add_duty, end_duty, look_for_gaps
from intake.services.paging import whom
from intake.services.safety import raise_alert
from intake.tasks import rota
from pacificmind.accounts.models import Clinician, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Task
from tests import cast

LA = ZoneInfo("America/Los_Angeles")
START = datetime(2026, 10, 31, 18, 0, tzinfo=LA)  # the night an hour comes twice
PAGE = reverse("manage-on-call")


@pytest.fixture
def boss(db: None) -> User:
    cast.site()
    return cast.manager()


def put(
    boss: User, who: Clinician, hours: float = 0, length: float = 24, sites: tuple[str, ...] = ("la",)
) -> uuid.UUID:
    start = START + timedelta(hours=hours)
    return add_duty(
        by=boss, user_id=who.user_id, site_ids=sites, starts_at=start, ends_at=start + timedelta(hours=length)
    )


def test_one_person_for_all_sites_or_another_for_each(boss: User) -> None:
    cast.other_site()
    first, second = cast.prescriber(), cast.prescriber()
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        put(boss, first, sites=("la", "lb"))
        put(boss, second, 24)
        put(boss, first, 24, sites=("lb",))
        assert [duty.where for duty in coming(now())] == ["Long Beach, Los Angeles", "Long Beach", "Los Angeles"]
    assert on_call("la", START) == on_call("lb", START) == [first.user]
    assert on_call("la", START + timedelta(hours=24)) == [second.user], "the end belongs to the next one"
    assert on_call("la", START - timedelta(seconds=1)) == []


@pytest.mark.parametrize(("hours", "length"), [(0, 24), (23, 2), (-1, 2), (5, 1), (-5, 48)])
def test_an_overlap_is_refused_and_says_who_is_there(boss: User, hours: float, length: float) -> None:
    first, second = cast.prescriber(name="Kim Lee"), cast.prescriber()
    with time_machine.travel(START - timedelta(days=2), tick=False):
        put(boss, first)
        with pytest.raises(RotaRefused, match="Kim Lee is on call for Los Angeles"):
            put(boss, second, hours, length)
        put(boss, second, 24)
        put(boss, second, -1, 1)
    assert OnCall.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_managers_at_once_put_one_person_on_call() -> None:
    cast.site()
    people, results, start = [cast.prescriber() for _ in range(4)], [], threading.Barrier(4)
    bosses = [cast.manager() for _ in range(4)]
    begin = now() + timedelta(hours=1)

    def enter(boss: User, who: Clinician) -> None:
        try:
            start.wait()
            add_duty(by=boss, user_id=who.user_id, site_ids=["la"], starts_at=begin, ends_at=begin + timedelta(hours=5))
            results.append("in")
        except RotaRefused:
            results.append("refused")
        finally:
            close_old_connections()
            connections.close_all()

    threads = [threading.Thread(target=enter, args=pair) for pair in zip(bosses, people, strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(results) == ["in", "refused", "refused", "refused"]
    assert OnCall.objects.count() == 1


def test_what_cannot_be_entered(boss: User) -> None:
    with time_machine.travel(START, tick=False):
        for who, hours, length, sites in (
            (cast.clinician(), 0, 1, ("la",)),
            (cast.prescriber(), 0, 0, ("la",)),
            (cast.prescriber(), -3, 2, ("la",)),
            (cast.prescriber(), 0, 24 * 40, ("la",)),
            (cast.prescriber(), 0, 1, ()),
        ):
            with pytest.raises(RotaRefused):
                put(boss, who, hours, length, sites)
    with pytest.raises(PermissionDenied):
        put(cast.prescriber().user, cast.prescriber())


def test_a_gap_is_one_task_a_site_and_closes_when_it_is_filled(boss: User) -> None:
    doctor = cast.prescriber()
    with time_machine.travel(START, tick=False) as clock:
        assert rota() == 1
        look_for_gaps()
        task = Task.objects.get(kind=Kind.ON_CALL_GAP)
        assert (task.queue, task.site_id, task.due_at) == ("managers", "la", START)
        put(boss, doctor, 0, 24 * 8)
        assert not Task.objects.filter(done_at__isnull=True).exists()
        clock.shift(timedelta(days=2))
        look_for_gaps()
        task = Task.objects.get(kind=Kind.ON_CALL_GAP, done_at__isnull=True)
        assert task.due_at == START + timedelta(days=8), "a gap a week ahead is told a week ahead"


def test_who_left_or_prescribes_no_more_is_a_gap(boss: User) -> None:
    doctor = cast.prescriber()
    with time_machine.travel(START, tick=False):
        put(boss, doctor)
        assert gaps_of("la", START, START + timedelta(hours=5)) == ()
        User.objects.filter(pk=doctor.user_id).update(is_active=False)
        assert on_call("la", START) == []
        assert len(gaps_of("la", START, START + timedelta(hours=5))) == 1
        User.objects.filter(pk=doctor.user_id).update(is_active=True)
        Clinician.objects.filter(pk=doctor.pk).update(is_prescriber=False)
        assert on_call("la", START) == []


def test_a_duty_that_has_begun_ends_now_and_stays_known(boss: User) -> None:
    doctor = cast.prescriber()
    with time_machine.travel(START, tick=False) as clock:
        running, coming_up = put(boss, doctor), put(boss, doctor, 48)
        clock.shift(timedelta(hours=2))
        assert end_duty(by=boss, duty=running)
        assert end_duty(by=boss, duty=coming_up)
        assert not end_duty(by=boss, duty=running)
        assert OnCall.objects.get().ends_at == now()
    assert Entry.objects.filter(what="end-on-call").count() == 2


def test_in_the_night_pages_go_to_who_is_on_call_and_not_to_those_who_sleep(boss: User) -> None:
    first, second, asleep = cast.prescriber(), cast.prescriber(), cast.prescriber()
    who = cast.patient()
    with time_machine.travel(START, tick=False) as clock:
        put(boss, first, 0, 7.5)  # until 1:30, the first of the two
        put(boss, second, 7.5)
        clock.move_to(datetime(2026, 11, 1, 1, 29, 59, tzinfo=LA))
        with transaction.atomic():
            alert = raise_alert(patient=who, tier="URGENT-2", trigger="staff")
        assert whom(alert, 1, now()) == [first.user]
        clock.move_to(datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=LA))
        assert whom(alert, 1, now()) == [second.user]
        assert alert.acknowledge_by - alert.raised_at == timedelta(minutes=5), "five minutes, whatever the clock shows"
    assert asleep.user not in whom(alert, 1, START)


def form(doctor: Clinician, **changes: object) -> dict[str, object]:
    return {
        "request_id": str(uuid.uuid4()),
        "user": str(doctor.user_id),
        "sites": ["la"],
        "from_day": "2026-10-31",
        "from_time": "18:00",
        "until_day": "2026-11-07",
        "until_time": "18:00",
        **changes,
    }


def test_the_managers_page(client: Client, boss: User) -> None:
    doctor = cast.prescriber(name="Kim Lee")
    client.force_login(boss)
    with time_machine.travel(START, tick=False):
        assert "Times without anybody on call" in client.get(PAGE).content.decode()
        assert client.post(PAGE, form(doctor)).headers["Location"] == PAGE
        page = client.get(PAGE).content.decode()
        assert "Kim Lee" in page
        assert "No gaps" in page
        assert "is on call for Los Angeles during that time" in client.post(PAGE, form(doctor)).content.decode()
        duty = OnCall.objects.get().duty
        client.post(reverse("manage-on-call-end", args=[duty]))
        assert "Nobody is on the rota" in client.get(PAGE).content.decode() or OnCall.objects.get().ends_at <= now()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from_day": "2026-03-08", "from_time": "02:30"}, "from_time"),
        ({"until_day": "2026-10-30"}, "until_day"),
        ({"user": ""}, "user"),
        ({"user": str(uuid.uuid4())}, "user"),
        ({"sites": []}, "sites"),
        ({"sites": ["nowhere"]}, "sites"),
        ({"until_time": "25:00"}, "until_time"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    client: Client, boss: User, changes: dict[str, object], field: str
) -> None:
    client.force_login(boss)
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=LA), tick=False):
        answer = client.post(PAGE, form(cast.prescriber(), **changes))
    assert field in answer.context["form"].errors
    assert not OnCall.objects.exists()


def test_the_number_for_pages(client: Client, boss: User) -> None:
    doctor = cast.prescriber()
    client.force_login(boss)
    url, about = reverse("manage-page-number"), {"request_id": str(uuid.uuid4()), "person": str(doctor.user_id)}
    client.post(url, {**about, "phone": "(213) 555-0190"})
    doctor.user.refresh_from_db()
    assert str(doctor.user.page_phone) == "+12135550190"
    client.post(url, {**about, "phone": "12"})
    doctor.user.refresh_from_db()
    assert str(doctor.user.page_phone) == "+12135550190"
    client.post(url, {**about, "phone": ""})
    doctor.user.refresh_from_db()
    assert not doctor.user.page_phone
