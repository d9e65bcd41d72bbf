"""What a patient may move to: exactly the times that are offered, and no other; and cancelling."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from intake.models import BoosterOrder, Clearance, Patient, Reevaluation, SafetyAlert
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now, today
from pacificmind.tasks.models import Task
from scheduling.domain import errors
from scheduling.models import Appointment, Room, Series, StageRelease
from scheduling.queries import patient_times
from scheduling.queries.patient_times import from_stamp, stamp
from scheduling.services import booking, own_visits, series
from scheduling.services.booking import Wish
from scheduling.services.series import Slot
from scheduling.views.patient.change import search_of
from tests import cast, history
from tests.calendar import weekday_at
from tests.race.arena import at_once, broken, refused

pytestmark = pytest.mark.django_db(transaction=True)
TWO_A_WEEK = ((1, 0), (1, 3), (2, 0), (2, 3), (3, 0), (3, 3))  # week, weekday
THREE_A_WEEK = ((1, 0), (1, 2), (1, 4), (2, 0), (2, 2), (2, 4))


@pytest.fixture(autouse=True)
def doctor() -> Clinician:
    cast.visit_types()
    cast.room(name="Blue")
    ClinicSettings.objects.create(id=1, horizon_days=26, grid_minutes=60, notice_hours=24)
    return cast.prescriber(lanes=4)


def laid_out(doctor: Clinician, days: tuple[tuple[int, int], ...] = TWO_A_WEEK, per_week: int = 2) -> list[Appointment]:
    who, order = cast.ready_patient(doctor, per_week=per_week, account=True)
    room = Room.objects.get(name="Blue")
    slots = [Slot(weekday_at(9, weeks=week, weekday=day), room.pk, doctor.pk) for week, day in days]
    series.lay_out(by=cast.receptionist(), order_id=order.pk, site_id="la", slots=slots)
    return visits_of(who)


def visits_of(who: Patient) -> list[Appointment]:
    rows = Appointment.objects.filter(patient=who).order_by("starts_at")
    return list(rows.select_related("patient__user", "site", "series__order", "series__site", "booster_order"))


def client_of(visit: Appointment) -> Client:
    client = Client()
    assert visit.patient.user is not None
    client.force_login(visit.patient.user)
    return client


def form_of(**other: Any) -> dict[str, Any]:
    return {"request_id": str(uuid.uuid4()), **other}


def text(response: Any) -> str:
    return str(response.content.decode())


def offered(visit: Appointment) -> set[datetime]:
    """Every start of every page of the list."""
    found: set[datetime] = set()
    page = patient_times.offer(search_of(visit))
    while True:
        found |= {start for day in page.days for start in day.starts}
        if page.next_from is None:
            return found
        page = patient_times.offer(search_of(visit), from_day=page.next_from)


FEW = (8, 16, 17)  # the first start of a day, the last of a treatment, the first that is too late for one
MORE = (2, 8, 9, 11, 13, 14, 16, 17)


def grid(hours: tuple[int, ...] = FEW) -> Iterator[datetime]:
    """These hours of every day within the horizon, weekends too."""
    zone = cast.site().tz
    first = today(cast.ZONE)
    for n in range(ClinicSettings.current().horizon_days + 1):
        for hour in hours:
            yield datetime.combine(first + timedelta(days=n), time(hour), zone).astimezone(UTC)


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block wrote; the service's own durable transaction becomes a part of this one."""
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase says it
    with whole:
        yield
        transaction.set_rollback(True)


def accepted(visit: Appointment, hours: tuple[int, ...] = FEW) -> set[datetime]:
    """Every start of the grid to which booking itself lets the patient move this visit."""
    found = set()
    for start in grid(hours):
        if start == visit.starts_at:
            continue
        with undone():
            try:
                booking.move(by=visit.patient.user, visit_id=visit.pk, version=visit.version, starts_at=start)
            except errors.BookingRefused:
                continue
            found.add(start)
    return found


def offered_at(visit: Appointment, hours: tuple[int, ...] = FEW) -> set[datetime]:
    """Of the offered starts those at these hours."""
    return offered(visit) & set(grid(hours))


def days_of(starts: set[datetime]) -> list[int]:
    """As days after the Monday of next week."""
    monday = weekday_at(9).astimezone(cast.site().tz).date()
    return sorted({(start.astimezone(cast.site().tz).date() - monday).days for start in starts})


# The list is the law


def urgent(visit: Appointment) -> None:
    SafetyAlert.objects.create(
        patient=visit.patient, site=cast.site(), tier="URGENT-2", trigger="phq9-item9", acknowledge_by=now()
    )


def cleared_until_week_2(visit: Appointment) -> None:
    assert visit.series is not None
    until = weekday_at(9, weeks=2, weekday=2).date()
    history.rewrite(Clearance.objects.filter(pk=visit.series.clearance_id), until_on=until)


def full_wednesday(visit: Appointment) -> None:
    for hour in (8, 11, 14):
        wish = Wish(
            patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(hour, weekday=2)
        )
        booking.book(by=None, wish=wish)


def first_two_done(visit: Appointment) -> None:
    for one in visits_of(visit.patient)[:2]:
        back = one.starts_at - timedelta(days=14)
        Appointment.objects.filter(pk=one.pk).update(
            starts_at=back, ends_at=back + timedelta(hours=2), room_free_at=back + timedelta(hours=3),
            status="fulfilled", escort_name="Zoë",
        )  # fmt: skip


def reviewed_today(visit: Appointment) -> None:
    first_two_done(visit)
    assert visit.series is not None
    StageRelease.objects.create(series=visit.series, released_to=3, by=cast.prescriber().user)


@pytest.mark.parametrize(
    ("days", "per_week", "which", "happens", "hours"),
    [
        (TWO_A_WEEK, 2, 0, None, FEW),
        (TWO_A_WEEK, 2, 1, None, FEW),
        (TWO_A_WEEK, 2, 2, None, FEW),
        (TWO_A_WEEK, 2, 3, None, FEW),
        (TWO_A_WEEK, 2, 5, None, FEW),
        (THREE_A_WEEK, 3, 2, None, FEW),
        (THREE_A_WEEK[:2], 3, 1, None, FEW),
        (((1, 0), (1, 3), (2, 0), (2, 3)), 2, 1, None, FEW),
        (TWO_A_WEEK, 2, 1, urgent, FEW),
        (TWO_A_WEEK, 2, 1, full_wednesday, MORE),
        (TWO_A_WEEK, 2, 2, cleared_until_week_2, FEW),
        (TWO_A_WEEK, 2, 2, first_two_done, FEW),
        (TWO_A_WEEK, 2, 2, reviewed_today, FEW),
    ],
)
def test_every_offered_time_books_and_no_other_does(
    doctor: Clinician,
    days: Any,
    per_week: int,
    which: int,
    happens: Callable[[Appointment], None] | None,
    hours: tuple[int, ...],
) -> None:
    visit = laid_out(doctor, days, per_week)[which]
    if happens is not None:
        happens(visit)
        visit = visits_of(visit.patient)[which]
    assert offered_at(visit, hours) == accepted(visit, hours)


def test_the_list_is_not_empty_where_it_should_not_be(doctor: Clinician) -> None:
    visits = laid_out(doctor)
    assert [day for day in days_of(offered(visits[1])) if day >= 0] == [3, 4]
    assert min(days_of(offered(visits[5]))) == 17


def test_a_booster_moves_by_its_own_law(doctor: Clinician) -> None:
    who, _ = cast.ready_patient(doctor, account=True)
    order = BoosterOrder.objects.create(
        patient=who, clearance=cast.clearance(who, doctor), until_on=weekday_at(9, weeks=3).date(),
        ordered_by=doctor.user, status="open", started_on=now().date() - timedelta(days=60),
    )  # fmt: skip
    Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=True, at=now())
    wish = Wish(patient_id=who.pk, kind="booster", site_id="la", starts_at=weekday_at(9), booster_order_id=order.pk)
    booking.book(by=cast.receptionist(), wish=wish)
    (visit,) = visits_of(who)
    assert offered_at(visit) == accepted(visit) != set()
    assert max(days_of(offered(visit))) == 14
    BoosterOrder.objects.update(status="declined")
    (visit,) = visits_of(who)
    assert offered(visit) == accepted(visit) == set()


@pytest.mark.parametrize("telehealth", [False, True])
def test_a_consultation_moves_wherever_it_is_free(doctor: Clinician, telehealth: bool) -> None:
    who = cast.patient(account=True)
    extra = {"telehealth": True, "patient_state": "CA", "fallback_phone": "+12135550123"} if telehealth else {}
    wish = Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(10), **extra)  # type: ignore[arg-type]
    booking.book(by=None, wish=wish)
    (visit,) = visits_of(who)
    found = offered(visit)
    assert found & set(grid()) == accepted(visit)
    assert len(found) > 100


def test_a_move_never_leaves_a_thin_week(doctor: Clinician) -> None:
    """P4: out of a week of two into the next one, the first would keep one."""
    visits = laid_out(doctor, ((1, 0), (1, 3), (2, 2), (2, 4), (3, 0)), 3)
    user = visits[1].patient.user
    into_week_2 = weekday_at(9, weeks=2, weekday=0)
    assert into_week_2 not in offered(visits[1])
    with pytest.raises(errors.ProtocolViolation):
        booking.move(by=user, visit_id=visits[1].pk, version=1, starts_at=into_week_2)


def test_a_move_never_cuts_the_rest_after_the_series_before(doctor: Clinician) -> None:
    visits = laid_out(doctor, ((2, 1), (2, 4)))  # Tuesday, Friday
    first = visits[0]
    assert first.series is not None
    Series.objects.create(
        patient=first.patient, site=first.site, clearance=first.series.clearance, status="completed", closed_at=now(),
        order=cast.ready_patient(doctor)[1],
    )  # fmt: skip
    old = Series.objects.get(status="completed")
    back = weekday_at(9, weeks=0, weekday=1)
    Appointment.objects.create(
        kind="infusion", patient=first.patient, site=first.site, zone=first.zone, room=first.room,
        clinician=first.clinician, lanes=first.lanes, starts_at=back, ends_at=back + timedelta(hours=2),
        room_free_at=back + timedelta(hours=3), status="fulfilled", series=old, number=1, weekly_place=0,
        escort_name="Zoë",
    )  # fmt: skip
    rested_on = (back + timedelta(days=14)).astimezone(first.site.tz).date()
    found = offered(first)
    assert found
    assert min(start.astimezone(first.site.tz).date() for start in found) >= rested_on
    with pytest.raises(errors.ReviewNeeded):
        booking.move(by=first.patient.user, visit_id=first.pk, version=first.version, starts_at=weekday_at(9, weeks=2))


def test_between_the_grid_only_staff_book(doctor: Clinician) -> None:
    visit = laid_out(doctor)[0]
    at = weekday_at(10, 7)
    page = text(client_of(visit).post(f"/visits/{visit.pk}/move/?at={stamp(at)}", form_of(version=1)))
    assert "not open at this time" in page
    booking.move(by=cast.receptionist(), visit_id=visit.pk, version=1, starts_at=at)


# A conflict, as it is met


def test_a_time_taken_meanwhile_gives_the_nearest_lawful_ones(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    at, client = weekday_at(13, weekday=3), client_of(visit)
    assert f"at={stamp(at)}" in text(client.get(f"/visits/{visit.pk}/move/"))
    booking.book(by=None, wish=Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=at))
    page = text(client.post(f"/visits/{visit.pk}/move/?at={stamp(at)}", form_of(version=1)))
    assert "Someone else has just taken this time" in page
    near = [found for one in re.findall(r"at=(\w+)", page) if (found := from_stamp(one))]
    assert near
    assert set(near) <= offered(visit)
    assert at not in near
    visit.refresh_from_db()
    assert (visit.version, visit.starts_at) == (1, weekday_at(9, weekday=3))


def test_two_tabs_and_a_double_press_move_once(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    starts = sorted(offered(visit))[:2]
    user = visit.patient.user
    assert user is not None
    ids = [uuid.uuid4(), uuid.uuid4()]
    press = [
        partial(own_visits.move_own, by=user, visit=visit, version=1, starts_at=start, request_id=key)
        for start, key in zip(starts, ids, strict=True)
        for _ in range(3)
    ]
    outcomes = at_once(press)
    assert not broken(outcomes), broken(outcomes)[:1]
    assert {type(one) for one in refused(outcomes)} <= {errors.Stale, errors.Busy}
    visit.refresh_from_db()
    assert visit.version == 2
    assert visit.starts_at in starts


def test_a_move_and_a_cancel_in_two_tabs_leave_one_of_them(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    user, start = visit.patient.user, min(offered(visit))
    assert user is not None
    outcomes = at_once(
        [
            partial(own_visits.move_own, by=user, visit=visit, version=1, starts_at=start, request_id=uuid.uuid4()),
            partial(own_visits.cancel_own, by=user, visit=visit, version=1, why="", request_id=uuid.uuid4()),
        ]
    )
    assert not broken(outcomes), broken(outcomes)[:1]
    assert len(refused(outcomes)) == 1
    visit.refresh_from_db()
    assert (visit.version, visit.status == "cancelled") == (2, visit.starts_at != start)


# Cancelling


def test_a_cancelled_treatment_is_followed_by_a_call(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    client, form = client_of(visit), form_of(version=1)
    page = text(client.get(f"/visits/{visit.pk}/cancel/"))
    assert "The front desk calls you within a day" in page
    for _ in range(2):  # a double press
        shown = client.post(f"/visits/{visit.pk}/cancel/", form, follow=True)
    assert "to find a new time with you" in text(shown)
    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_why) == ("cancelled", "Cancelled by the patient")
    task = Task.objects.get(kind="patient-call")
    assert (task.queue, task.subject_id, task.site_id) == ("front_desk", visit.patient_id, "la")


@pytest.mark.parametrize("refused", [False, True])
def test_words_of_crisis_in_the_reason_are_an_alert_and_not_for_the_front_desk(
    doctor: Clinician, refused: bool
) -> None:
    visit = laid_out(doctor)[1]
    form = {**form_of(version=7 if refused else 1), "why": "I want to kill myself"}
    page = client_of(visit).post(f"/visits/{visit.pk}/cancel/", form)
    assert page.headers["Location"] == "/intake/help-now/"
    alert = SafetyAlert.objects.get()
    assert (alert.patient_id, alert.value, alert.words) == (visit.patient_id, "visit", "I want to kill myself")
    visit.refresh_from_db()
    assert "kill" not in visit.cancelled_why
    assert (visit.status == "cancelled") is not refused


def test_a_refused_cancelling_asks_nobody_to_call(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    page = text(client_of(visit).post(f"/visits/{visit.pk}/cancel/", form_of(version=7)))
    assert "has changed since you opened the page" in page
    assert not Task.objects.filter(kind="patient-call").exists()


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled", "noshow"])
def test_what_has_begun_is_neither_moved_nor_cancelled_online(doctor: Clinician, status: str) -> None:
    visit = laid_out(doctor)[1]
    at = min(offered(visit))
    Appointment.objects.filter(pk=visit.pk).update(status=status, escort_name="Zoë")
    client = client_of(visit)
    assert "Please call us" in text(client.get(f"/visits/{visit.pk}/move/"))
    client.post(f"/visits/{visit.pk}/move/?at={stamp(at)}", form_of(version=1))
    client.post(f"/visits/{visit.pk}/cancel/", form_of(version=1))
    visit.refresh_from_db()
    assert (visit.status, visit.starts_at) == (status, weekday_at(9, weekday=3))


# Speed


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(address).status_code == 200
    return len(found)


def test_the_lists_ask_no_more_for_many_visits(doctor: Clinician) -> None:
    visit = laid_out(doctor)[1]
    client, new = client_of(visit), Client()
    asker = cast.patient(account=True)
    assert asker.user is not None
    new.force_login(asker.user)
    addresses = [(client, f"/visits/{visit.pk}/move/"), (new, "/choose/"), (client, "/your-visits/")]
    for one, address in addresses:
        one.get(address)
    before = [queries_of(one, address) for one, address in addresses]
    room, who = cast.room(), [cast.patient() for _ in range(6)]
    for n, other in enumerate(who):
        for week in (1, 2, 3):
            wish = Wish(
                patient_id=other.pk, kind="follow_up", site_id="la", room_id=room.pk,
                starts_at=weekday_at(8 + n, 30, weeks=week, weekday=4),
            )  # fmt: skip
            booking.book(by=None, wish=wish)
    after = [queries_of(one, address) for one, address in addresses]
    assert all(b <= a for a, b in zip(before, after, strict=True)), (before, after)
    assert max(after) < 60


def test_a_day_that_clocks_change_on(doctor: Clinician, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weeks around 14 March 2027: 9 am is 9 am on either side."""
    zone = cast.site().tz
    at = datetime(2027, 3, 8, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    who = cast.patient(account=True)
    start = datetime(2027, 3, 12, 9, tzinfo=zone).astimezone(UTC)
    booking.book(by=None, wish=Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=start))
    (visit,) = visits_of(who)
    found = offered(visit)
    for day in (date(2027, 3, 12), date(2027, 3, 15)):
        walls = sorted(one.astimezone(zone).time() for one in found if one.astimezone(zone).date() == day)
        assert walls[-1] == time(17)
        assert walls[0] == time(8)
    monday = datetime(2027, 3, 15, 9, tzinfo=zone)
    page = text(client_of(visit).get(f"/visits/{visit.pk}/move/?at={stamp(monday)}"))
    assert "Monday, March 15, 9:00 am" in page
