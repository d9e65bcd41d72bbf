"""Dragging a visit on the board: the law is checked, a refusal is kind, and nothing of another is overwritten."""

import re
import uuid
from typing import Any

import pytest

from pacificmind.audit.models import Entry
from scheduling.models import Appointment
from scheduling.services import booking
from tests import cast
from tests.scheduling.desk.conftest import Desk, at, clear, words
from tests.scheduling.desk.test_board import newest


def drop(desk: Desk, visit: Appointment, when: Any = None, *, script: bool = True, **extra: Any) -> Any:
    """Drop a visit as the drag view does; with `script` the answer is a part of a page."""
    wall = (when or visit.starts_at).astimezone(desk.site.tz)
    sent = {
        "request_id": str(uuid.uuid4()),
        "version": visit.version,
        "on": f"{wall:%Y-%m-%d}",
        "at": f"{wall:%H:%M}",
        "room": str(visit.room_id or ""),
        "clinician": str(visit.clinician_id),
        **extra,
    }
    headers = {"X-Board": "drag"} if script else {}
    return desk.client.post(f"/desk/visits/{visit.pk}/drop/", sent, headers=headers)


def test_a_drop_moves_and_says_where_to(desk: Desk) -> None:
    visit = desk.consultation(at(14), room_id=desk.rooms[0].pk)
    answer = drop(desk, visit, at(15, 30), room=str(desk.rooms[1].pk))
    assert answer.status_code == 200
    assert words(answer).startswith("Moved to Monday, March 8, 3:30 pm, Room 2. The patient is told at 8:03 am.")
    visit.refresh_from_db()
    assert (visit.starts_at, visit.room_id, visit.version) == (at(15, 30), desk.rooms[1].pk, 2)


def test_no_drag_makes_a_visit_by_video_of_one_in_a_room_or_the_other_way_round(desk: Desk) -> None:
    here, video = desk.consultation(at(14)), desk.consultation(at(16), telehealth=True, patient_state="CA")
    for visit, room, why in ((here, "", "it needs a room"), (video, str(desk.rooms[0].pk), "takes no room")):
        answer = drop(desk, visit, at(10), room=room)
        assert (answer.status_code, why in words(answer)) == (409, True)
        visit.refresh_from_db()
        assert visit.version == 1
    assert drop(desk, video, at(10)).status_code == 200


def test_a_refused_drop_says_the_rule_and_offers_lawful_times_that_move_it(desk: Desk) -> None:
    _, run = desk.series(0, 2)
    visit = run.visits.get(day="2027-03-10")
    answer = drop(desk, visit, at(14, day=1))
    assert answer.status_code == 409
    assert "one clear day between infusions (P3)" in words(answer)
    visit.refresh_from_db()
    assert (visit.version, visit.starts_at) == (1, at(10, day=2))

    offered = re.findall(r'name="choose" value="([^"]+)"', answer.content.decode())
    assert offered
    request_id = re.search(r'name="request_id" value="([^"]+)"', answer.content.decode())
    assert request_id is not None
    taken = desk.client.post(
        f"/desk/visits/{visit.pk}/drop/", {"version": 1, "request_id": request_id.group(1), "choose": offered[0]}
    )
    assert taken.status_code == 302
    visit.refresh_from_db()
    assert visit.version == 2
    assert f"{visit.starts_at:%Y-%m-%dT%H:%M}" == offered[0].split("|")[0]


def test_a_drop_onto_another_visit_offers_the_same_time_elsewhere_and_says_where(desk: Desk) -> None:
    other = cast.prescriber(name="Dr. Diaz")
    standing = desk.consultation(at(14), room_id=desk.rooms[0].pk, clinician_id=desk.doctor.pk)
    visit = desk.consultation(at(16), room_id=desk.rooms[0].pk, clinician_id=desk.doctor.pk)
    answer = drop(desk, visit, standing.starts_at)
    text, buttons = words(answer), answer.content.decode()
    assert "The room or the clinician is taken at this time." in text, "nobody took it a moment ago"
    assert "Move to Monday, March 8, 2:00 pm, Room 2, Dr. Diaz" in text
    assert f'value="2027-03-08T22:00|{other.pk}|{desk.rooms[1].pk}"' in buttons
    assert f'value="{visit.starts_at:%Y-%m-%dT%H:%M}' not in buttons, "it stands there already"


def test_a_stale_drop_says_who_moved_it_where_and_overwrites_nothing(desk: Desk) -> None:
    visit = desk.consultation(at(14), room_id=desk.rooms[0].pk)
    other = cast.user("front_desk", name="Robin Vale")
    booking.move(by=other, visit_id=visit.pk, version=1, starts_at=at(16), room_id=desk.rooms[1].pk)
    since = newest()
    answer = drop(desk, visit, at(15))
    assert answer.status_code == 409
    text = words(answer)
    assert "Moved by Robin Vale, " in text
    assert "It is now on Monday, March 8, 4:00 pm, Room 2, with Dr. Cho. Nothing was overwritten." in text
    assert 'name="choose"' not in answer.content.decode()
    visit.refresh_from_db()
    assert (visit.starts_at, visit.version) == (at(16), 2)
    assert Entry.objects.filter(id__gt=since, action="view", patient_id=visit.patient_id).exists()


@pytest.mark.parametrize(
    ("extra", "say"),
    [
        ({"room": "elsewhere"}, "A visit stays at its site"),
        ({"on": "2027-03-14", "at": "02:30"}, "the clocks go forward"),
        ({"version": "x"}, "This page was incomplete"),
        ({"on": "2027-03-07"}, "past"),
    ],
)
def test_a_place_that_is_none_is_answered_in_words(desk: Desk, extra: dict[str, Any], say: str) -> None:
    visit = desk.consultation(at(14))
    if extra.get("room") == "elsewhere":
        extra = {"room": str(cast.room(cast.other_site()).pk)}
    answer = drop(desk, visit, **extra)
    assert answer.status_code == 409
    assert say in words(answer)
    visit.refresh_from_db()
    assert visit.version == 1


def test_without_a_script_the_refusal_is_a_page(desk: Desk) -> None:
    first, second = desk.consultation(at(14)), desk.consultation(at(16))
    page = drop(desk, second, first.starts_at, script=False)
    assert page.status_code == 200
    assert "This visit was not moved" in words(page)
    clear(page)


def test_a_repeated_drop_is_answered_the_same_and_done_once(desk: Desk) -> None:
    visit = desk.consultation(at(14))
    same = str(uuid.uuid4())
    answers = [drop(desk, visit, at(15), request_id=same) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    visit.refresh_from_db()
    assert visit.version == 2
