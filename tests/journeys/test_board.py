"""The front desk's board in a real browser: drag, refusal, a second receptionist, keys alone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from pacificmind.accounts.models import Clinician, User
from pacificmind.clinic.models import Site
from pacificmind.clock import today
from scheduling.models import Appointment
from scheduling.services import booking, series
from tests import browser as browsers
from tests import cast
from tests.journeys.clinic import database_open, open_clinic
from tests.journeys.house import House
from tests.journeys.person import DESKTOP, PHONE, Person, window

pytestmark = [pytest.mark.django_db(transaction=True)]
WITHIN_MS = 5000  # how soon a second receptionist sees a change


class Board:
    """A coming Monday at Los Angeles with an infusion and two consultations, and its address."""

    def __init__(self) -> None:
        staff = open_clinic()
        self.desk, self.second = staff.desk, cast.receptionist()
        doctor = Clinician.objects.get(user=staff.prescriber)
        base = today(cast.ZONE)
        self.monday = base - timedelta(days=base.weekday()) + timedelta(weeks=1)
        self.path = f"/desk/calendar/la/{self.monday.isoformat()}/"
        self.blue, self.green = Site.objects.get(pk="la").room_set.order_by("name")
        _, order = cast.ready_patient(doctor)
        days = [series.Slot(self.at(10, day=n), self.blue.pk, doctor.pk) for n in (0, 2)]
        run = series.lay_out(by=self.desk, order_id=order.pk, site_id="la", slots=days)
        self.infusion = run.visits.get(number=2)
        self.talk = self.consultation(14)
        self.other = self.consultation(16)

    def at(self, hour: int, *, day: int = 0) -> datetime:
        wall = datetime.combine(self.monday + timedelta(days=day), time(hour))
        return wall.replace(tzinfo=Site.objects.get(pk="la").tz).astimezone(UTC)

    def consultation(self, hour: int) -> Appointment:
        wish = booking.Wish(
            patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=self.at(hour),
            room_id=self.blue.pk,
        )  # fmt: skip
        return booking.book(by=self.desk, wish=wish)


@pytest.fixture
def board(house: House) -> Board:
    """The clinic anew for each test: the tables are emptied after it."""
    with database_open():
        return Board()


@pytest.fixture
def desk(house: House, browser: Browser, pictures: Path, board: Board) -> Iterator[Person]:
    """The receptionist, signed in, before the board of that Monday."""
    yield from opened(board.desk, house, browser, pictures, DESKTOP, board)


def opened(user: User, house: House, browser: Browser, pictures: Path, width: int, board: Board) -> Iterator[Person]:
    person = window(browser, house, pictures, width, (board.talk.patient.family_name,))
    sign_in(person, user)
    person.go(board.path, "board")
    yield person
    person.page.context.close()


def sign_in(person: Person, user: User) -> None:
    """By a session made here: signing in has its own journey."""
    with database_open():
        client = Client()
        client.force_login(user)
    person.page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"].value, "url": person.house.url}]
    )


def state(visit: Appointment) -> tuple[datetime, int]:
    with database_open():
        visit.refresh_from_db()
    return visit.starts_at, visit.version


def block(page: Page, visit: Appointment) -> Locator:
    """A visit in the drag view."""
    return page.locator(f".ec-event.ec-id-{visit.pk}").first


def drag(page: Page, visit: Appointment, *, rows: float = 0, columns: int = 0) -> None:
    """Take a visit by the mouse and let it go so many half hours lower, and columns to the right."""
    box = block(page, visit).bounding_box()
    column = page.locator(".ec-body .ec-day").first.bounding_box()
    assert box is not None
    assert column is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + columns * column["width"] * step / 8, y + rows * 26 * step / 8)
    page.mouse.up()


def test_a_drag_moves_a_visit_and_a_second_desk_sees_it(
    desk: Person, house: House, browser: Browser, pictures: Path, board: Board
) -> None:
    for second in opened(board.second, house, browser, pictures, DESKTOP, board):
        desk.page.get_by_role("button", name="Drag view").click()
        expect(block(desk.page, board.talk)).to_be_visible()
        desk.see("board-drag")
        drag(desk.page, board.talk, rows=-2)
        expect(desk.page.locator("[data-board-news]")).to_contain_text("1:00 pm, Blue")
        moved = second.page.locator(f'.board [data-visit="{board.talk.pk}"][data-starts$="T13:00"]')
        expect(moved).to_be_visible(timeout=WITHIN_MS)
    assert state(board.talk) == (board.at(13), 2)


def test_what_the_law_refuses_springs_back_with_lawful_times(desk: Person, board: Board) -> None:
    monday = board.path
    tuesday = monday.replace(board.monday.isoformat(), (board.monday + timedelta(days=2)).isoformat())
    desk.go(f"{tuesday}week/#drag", "board-week-drag")
    visit = block(desk.page, board.infusion)
    visit.scroll_into_view_if_needed()
    before = visit.bounding_box()
    assert before is not None
    drag(desk.page, board.infusion, columns=-1)  # to Tuesday, the day after the first
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_contain_text("clear day between infusions (P3)")
    expect(dialog.get_by_role("button", name=re.compile("Move to")).first).to_be_visible()
    desk.see("board-refusal")
    dialog.get_by_role("button", name="Leave it where it is").click()
    after = block(desk.page, board.infusion).bounding_box()
    assert after is not None
    assert abs(after["x"] - before["x"]) < 2
    assert state(board.infusion) == (board.at(10, day=2), 1)


def test_a_visit_outside_the_hours_is_in_the_drag_view_as_well(desk: Person, board: Board) -> None:
    with database_open():
        wish = booking.Wish(
            patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=board.at(7),
            room_id=board.blue.pk, override_reason="Flies at noon",
        )  # fmt: skip
        early = booking.book(by=board.desk, wish=wish)
    for span in ("week/", ""):
        desk.go(board.path + span, "board-early")
        desk.page.get_by_role("button", name="Drag view").click()
        expect(block(desk.page, early)).to_be_visible()


def test_keys_alone_move_a_visit(desk: Person, board: Board) -> None:
    link = desk.page.locator(f'.board [data-visit="{board.other.pk}"] .visit-move')
    reached = False
    for _ in range(120):
        desk.page.keyboard.press("Tab")
        if link.evaluate("one => one === document.activeElement"):
            reached = True
            break
    assert reached
    desk.page.keyboard.press("Enter")
    desk.is_at(f"/desk/visits/{board.other.pk}/move/")
    time_field = desk.page.get_by_label(re.compile("^Time"))
    time_field.focus()
    desk.page.keyboard.type("0500PM")
    desk.page.get_by_role("button", name="Move to this day and time", exact=True).last.focus()
    desk.page.keyboard.press("Enter")
    desk.is_at(f"/desk/visits/{board.other.pk}/")
    assert state(board.other)[0] == board.at(17)


def test_the_board_on_a_phone_is_a_list_by_room(house: House, browser: Browser, pictures: Path, board: Board) -> None:
    for phone in opened(board.desk, house, browser, pictures, PHONE, board):
        rooms = phone.page.locator(".board-lists h2")
        expect(rooms).to_have_text(["Blue", "Green", "Video"])
        expect(phone.page.locator("table.board")).to_be_hidden()
        assert browsers.sideways(phone.page) <= 0
        phone.go(f"{board.path}week/", "board-week")


def test_a_session_that_ended_leaves_no_names_on_the_screen(desk: Person, board: Board) -> None:
    name = board.infusion.patient.family_name
    desk.page.context.clear_cookies(name="session")
    expect(desk.page.locator("[data-board-news]")).to_contain_text("You were signed out")
    assert name not in desk.page.locator("body").inner_text()
