"""A patient books a booster: exactly the times that the law accepts from them, after somebody has looked again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client

from intake.models import BoosterOrder, ConsentDocument, Reevaluation, SafetyAlert
from intake.services.clearance import record_reevaluation
from pacificmind.accounts import reauth
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.ui.dates import when_words
from scheduling.domain import errors
from scheduling.models import Appointment, VisitType
from scheduling.queries import patient_times
from scheduling.queries.patient_times import stamp
from scheduling.services import booking, door, moving, own_boosters
from tests import cast, history
from tests.calendar import weekday_at
from tests.scheduling.patient.test_moves import FEW, grid, text, undone
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/next-visit/times/"


@pytest.fixture(autouse=True)
def doctor() -> Clinician:
    cast.visit_types()
    VisitType.objects.filter(kind="booster").update(patient_may_book=True)
    cast.room(name="Blue")
    ClinicSettings.objects.create(id=1, horizon_days=26, grid_minutes=60, notice_hours=24)
    return cast.prescriber(lanes=4)


@pytest.fixture
def plan(doctor: Clinician) -> BoosterOrder:
    """A plan that runs; nobody has looked again yet."""
    who, _ = cast.ready_patient(doctor, account=True)
    return BoosterOrder.objects.create(
        patient=who, clearance=cast.clearance(who, doctor), until_on=weekday_at(9, weeks=3).date(), count=2,
        ordered_by=doctor.user, status="open", started_on=now().date() - timedelta(days=60),
    )  # fmt: skip


@pytest.fixture
def order(plan: BoosterOrder, doctor: Clinician) -> BoosterOrder:
    """The same, with a re-evaluation that speaks for a booster."""
    Reevaluation.objects.create(order=plan, by=doctor.user, supports_booster=True)
    return plan


def book(order: BoosterOrder, start: datetime, **more: Any) -> Appointment:
    patient = order.patient
    assert patient.user is not None
    told = {"by": patient.user, "patient": patient, "site": patient.site, "request_id": uuid.uuid4(), **more}
    return own_boosters.choose(starts_at=start, **told)


def offered(order: BoosterOrder) -> set[datetime]:
    found: set[datetime] = set()
    wanted = own_boosters.search(order, order.patient.site)
    page = patient_times.offer(wanted)
    while True:
        found |= {start for day in page.days for start in day.starts}
        if page.next_from is None:
            return found
        page = patient_times.offer(wanted, from_day=page.next_from)


def accepted(order: BoosterOrder) -> set[datetime]:
    found = set()
    for start in grid(FEW):
        with undone():
            try:
                book(order, start)
            except errors.BookingRefused:
                continue
            found.add(start)
    return found


def another_treatment(order: BoosterOrder, doctor: Clinician) -> None:
    """A booster that took place in the second week, so that its seven days either way are closed."""
    start = weekday_at(10, weeks=2)
    Appointment.objects.create(
        kind="booster", site=order.patient.site, zone=cast.ZONE, patient=order.patient, clinician=doctor, lanes=(0, 1),
        room=cast.room(), starts_at=start, ends_at=start + timedelta(hours=2),
        room_free_at=start + timedelta(hours=2, minutes=15), booster_order=order, weekly_place=0, status="fulfilled",
        escort_name="Luis", escort_phone="+12135550199",
    )  # fmt: skip


def test_what_is_offered_is_what_booking_accepts(order: BoosterOrder, doctor: Clinician) -> None:
    assert offered(order) & set(grid(FEW)) == accepted(order) != set()
    another_treatment(order, doctor)
    left = accepted(order)
    assert offered(order) & set(grid(FEW)) == left != set()
    assert all(abs((start - weekday_at(10, weeks=2)).days) >= 6 for start in left), "P10: seven days"


@pytest.mark.parametrize("supports", [None, False])
def test_none_before_somebody_has_looked_and_speaks_for_it(
    plan: BoosterOrder, doctor: Clinician, supports: bool | None
) -> None:
    if supports is not None:
        Reevaluation.objects.create(order=plan, by=doctor.user, supports_booster=supports)
    assert own_boosters.ready(plan.patient) is None
    for start in list(offered(plan))[:3]:
        with pytest.raises(errors.ReviewNeeded):
            book(plan, start)
    client = Client()
    assert plan.patient.user is not None
    client.force_login(plan.patient.user)
    assert client.get(PAGE)["Location"] == "/next-visit/"
    assert not Appointment.objects.exists()


def used(order: BoosterOrder) -> None:
    order.reevaluations.update(used_by=uuid.uuid4())


def ended(order: BoosterOrder) -> None:
    BoosterOrder.objects.update(status="declined")


def alarmed(order: BoosterOrder) -> None:
    SafetyAlert.objects.create(
        patient=order.patient, tier="URGENT-2", trigger="asq", site_id=order.patient.site_id, acknowledge_by=now()
    )


def lapsed(order: BoosterOrder) -> None:
    cast.clearance(order.patient, Clinician.objects.get(), decision="more_information")


def kept_by_the_clinic(order: BoosterOrder) -> None:
    VisitType.objects.filter(kind="booster").update(patient_may_book=False)


@pytest.mark.parametrize("change", [used, ended, alarmed, lapsed, kept_by_the_clinic])
def test_none_without_what_the_law_asks(order: BoosterOrder, change: Callable[[BoosterOrder], None]) -> None:
    start = min(offered(order))
    change(order)
    with pytest.raises(errors.BookingRefused):
        book(order, start)
    assert not Appointment.objects.exists()
    if change is not kept_by_the_clinic:
        assert offered(order) == set() or own_boosters.ready(order.patient) is None


def test_one_visit_for_one_look_and_the_same_form_twice_is_one(order: BoosterOrder, client: Client) -> None:
    assert order.patient.user is not None
    client.force_login(order.patient.user)
    start = min(offered(order))
    assert "Choose a time" in text(client.get("/next-visit/"))
    assert stamp(start) in text(client.get(PAGE))
    address = f"{PAGE}?site=la&at={stamp(start)}"
    assert "Book this time?" in text(client.get(address))
    form = {"request_id": str(uuid.uuid4())}
    first, again = client.post(address, form), client.post(address, form)
    visit = Appointment.objects.get()
    assert first["Location"] == again["Location"] == f"/visits/{visit.pk}/"
    assert (visit.kind, visit.status, visit.booster_order_id) == ("booster", "booked", order.pk)
    assert order.reevaluations.get().used_by == visit.pk
    assert client.get(PAGE)["Location"] == "/next-visit/", "no second one"
    with pytest.raises(errors.HasOne):
        book(order, max(patient_times.offer(own_boosters.search(order, order.patient.site)).days[-1].starts))


def test_nobody_books_anothers(order: BoosterOrder) -> None:
    stranger = cast.patient(account=True)
    assert stranger.user is not None
    wish = booking.Wish(
        patient_id=order.patient_id, kind="booster", site_id="la", starts_at=min(offered(order)),
        booster_order_id=order.pk,
    )  # fmt: skip
    with pytest.raises(PermissionDenied):
        booking.book(by=stranger.user, wish=wish)


def test_a_time_between_the_grid_is_refused(order: BoosterOrder) -> None:
    with pytest.raises(errors.OutsideHours):
        book(order, min(offered(order)) + timedelta(minutes=7))


def test_a_look_in_favour_is_told_once_and_not_after_the_booking(plan: BoosterOrder, doctor: Clinician) -> None:
    for supports in (False, True, True):
        record_reevaluation(
            by=doctor.user, order=plan, supports_booster=supports, note="",
            signed=reauth.of_this_moment(doctor.user, "password"),
        )  # fmt: skip
    rows = Message.objects.filter(purpose="next-visit-ready").order_by("made_at")
    assert [row.status for row in rows] == ["void", "owed"]
    purpose = registry.get("next-visit-ready")
    assert purpose is not None
    said = purpose.render(rows[1])
    assert isinstance(said, Words)
    assert said.context["path"] == "/next-visit/"
    Reevaluation.objects.filter(pk=rows[1].subject_id).update(used_by=uuid.uuid4())
    assert purpose.render(rows[1]) == Void("A visit is booked on it.")


def test_a_later_look_that_speaks_against_it_takes_back_the_one_before(order: BoosterOrder, doctor: Clinician) -> None:
    start = min(offered(order))
    Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=False)
    assert own_boosters.ready(order.patient) is None
    with pytest.raises(errors.ReviewNeeded):
        book(order, start)
    Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=True)
    assert book(order, start).status == "booked", "they have looked once more"


def test_a_look_holds_through_its_last_day_and_no_visit_after_it_is_booked(
    order: BoosterOrder, doctor: Clinician
) -> None:
    start = max(offered(order))
    look, day = order.reevaluations.get(), start.astimezone(order.patient.site.tz).date()
    told_on = look.at.astimezone(order.patient.site.tz).date()
    ClinicSettings.objects.update_or_create(id=1, defaults={"reevaluation_days": (day - told_on).days - 1})
    assert own_boosters.ready(order.patient) is not None, "it holds today"
    assert start not in offered(order)
    with pytest.raises(errors.ReviewNeeded, match="holds through"):
        book(order, start)
    ClinicSettings.objects.update(reevaluation_days=(day - told_on).days)
    assert max(offered(order)) == start
    assert book(order, start).status == "booked"


def test_a_look_that_is_too_old_is_none_and_its_page_says_so(order: BoosterOrder, doctor: Clinician) -> None:
    look = order.reevaluations.get()
    with history.rewriting(Reevaluation):
        Reevaluation.objects.update(at=now() - timedelta(days=181))
    assert own_boosters.ready(order.patient) is None
    client = Client()
    client.force_login(doctor.user)
    page = client.get(f"/clinic/patients/{order.patient_id}/booster/").content.decode()
    assert "is too old by now" in page
    assert "A re-evaluation in its favour comes first." in page
    with history.rewriting(Reevaluation):
        Reevaluation.objects.update(at=look.at)
    assert (
        "It holds for a visit through" in client.get(f"/clinic/patients/{order.patient_id}/booster/").content.decode()
    )


def test_the_door_and_a_move_ask_for_a_look_that_holds(order: BoosterOrder, doctor: Clinician) -> None:
    start = min(offered(order))
    visit = book(order, start)
    first = order.reevaluations.get()
    with time_machine.travel(start, tick=False):
        walk.phq9(order.patient)
        door.may_start(visit, measured=False)
        with history.rewriting(Reevaluation):
            Reevaluation.objects.update(at=now() - timedelta(days=181))
        with pytest.raises(errors.ReviewNeeded, match="holds through"):
            door.may_start(visit, measured=False)
        with history.rewriting(Reevaluation):
            Reevaluation.objects.update(at=first.at)
        Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=False)
        with pytest.raises(errors.ReviewNeeded):
            door.may_start(visit, measured=False)
        second = Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=True)
        door.may_start(visit, measured=False)
    moved = moving.move(by=None, visit_id=visit.pk, version=visit.version, starts_at=start + timedelta(days=7))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.used_by, second.used_by) == (None, moved.pk), "it stands on the one that holds"


def test_news_of_a_look_is_not_sent_once_a_later_one_speaks_against_it(plan: BoosterOrder, doctor: Clinician) -> None:
    for supports in (True, False):
        record_reevaluation(
            by=doctor.user, order=plan, supports_booster=supports, note="",
            signed=reauth.of_this_moment(doctor.user, "password"),
        )  # fmt: skip
    row = Message.objects.get(purpose="next-visit-ready")
    purpose = registry.get("next-visit-ready")
    assert purpose is not None
    assert isinstance(purpose.render(row), Void)


def test_one_at_a_time_whatever_two_windows_saw(order: BoosterOrder, doctor: Clinician) -> None:
    """Both had looked before either booked: what counts is asked again under the lock."""
    Reevaluation.objects.create(order=order, by=doctor.user, supports_booster=True)
    starts = offered(order)
    book(order, min(starts))
    wish = booking.Wish(
        patient_id=order.patient_id, kind="booster", site_id="la", starts_at=max(starts), booster_order_id=order.pk
    )
    with pytest.raises(errors.HasOne) as refused:
        booking.book(by=order.patient.user, wish=wish)
    assert "consultation" not in refused.value.say_patient


def test_a_site_that_cannot_be_is_no_error(order: BoosterOrder, client: Client) -> None:
    assert order.patient.user is not None
    client.force_login(order.patient.user)
    address = f"{PAGE}?site=%00&at={stamp(min(offered(order)))}"
    assert client.get(address).status_code == 200


def books_on_the_page(order: BoosterOrder) -> tuple[Client, str]:
    """The patient books the first time; their browser, and the page that is shown then."""
    client, start = Client(), min(offered(order))
    assert order.patient.user is not None
    client.force_login(order.patient.user)
    sent = {"request_id": str(uuid.uuid4())}
    page = client.post(f"{PAGE}?site=la&at={stamp(start)}", sent, follow=True)
    return client, text(page)


def test_booked_it_is_said_with_day_time_and_place_also_where_one_asks_for_it_again(order: BoosterOrder) -> None:
    client, page = books_on_the_page(order)
    visit = Appointment.objects.get()
    when = when_words(visit.starts_at, visit.site.tz, now(), visit.site.name)
    assert f"Booked: {when}." in page
    again = client.get(PAGE, follow=True)  # the back button, or another tab
    assert again.redirect_chain == [("/next-visit/", 302)]
    assert "Your further visit is booked" in text(again)
    assert when in text(again)
    assert f"/visits/{visit.pk}/" in again.content.decode()
    assert "You can have a time" not in text(again)


def test_one_that_is_held_is_not_called_booked(order: BoosterOrder) -> None:
    ConsentDocument.objects.create(kind="treatment", version=2, title="Treatment", text="new", sha256="1" * 64)
    client, page = books_on_the_page(order)
    assert Appointment.objects.get().status == "held"
    assert "Booked:" not in page
    assert "Planned, and not certain yet: " in page
    assert "Your further visit is planned" in text(client.get("/next-visit/"))
