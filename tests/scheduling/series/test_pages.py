"""The pages of series, boosters and questionnaires, through the client."""

import re
import uuid
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import AsqSitting, Questionnaire, SafetyAlert, SeriesOrder
from pacificmind.audit.models import Entry
from scheduling.models import Appointment, Deviation, Room, Series
from scheduling.services import closing
from tests import cast, history
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = date(2027, 1, 4)


@pytest.fixture(autouse=True)
def a_monday_morning() -> Any:
    with time_machine.travel(walk.at(MONDAY, 6), tick=False):
        yield


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', html) or re.search(
        rf'value="([^"]*)"[^>]*name="{name}"', html
    )
    assert found, name
    return unescape(found.group(1))


def plan_form(client: Client, order: SeriesOrder, query: str = "") -> dict[str, str]:
    html = client.get(f"/desk/series/plan/{order.pk}/{query}").content.decode()
    return {name: hidden(html, name) for name in ("plan", "request_id")}


class TestPlanPage:
    def test_no_plan_leads_by_a_link_to_one(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        client, path = signed_in(desk), f"/desk/series/plan/{order.pk}/"
        html = client.get(f"{path}?weekdays=6&weeks=8").content.decode()
        assert "There is no plan that fits" in html
        assert "another site, another time of day" not in html, "neither would help"
        url = re.search(r'<a class="tap" href="(\?[^"]*)">Any weekday: from Monday, January 4', html)
        assert url
        assert "Book these 6 visits" in client.get(path + unescape(url[1])).content.decode()

    def test_thin_weeks_stand_together_with_what_avoids_them(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        html = signed_in(desk).get(f"/desk/series/plan/{order.pk}/?weekdays=4&weeks=8").content.decode()
        assert html.count("Weeks with fewer than two visits") == 1
        assert html.count("a prescriber gives the reason") == 5
        assert "Any weekday: from Monday, January 4" in html

    def test_the_desk_books_what_is_shown_and_twice_is_once(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        client = signed_in(desk)
        page = client.get(f"/desk/series/plan/{order.pk}/").content.decode()
        assert "Book these 6 visits" in page
        assert "Visits 4 to 6 are planned and wait for the clinician&#x27;s review." in page
        assert "<title>Lay out a series" in page
        data = plan_form(client, order)
        first = client.post(f"/desk/series/plan/{order.pk}/", data)
        again = client.post(f"/desk/series/plan/{order.pk}/", data)
        series = Series.objects.get(order=order)
        assert first["Location"] == again["Location"] == f"/desk/series/{series.pk}/"
        assert walk.states(series) == "bbbhhh"
        assert Entry.objects.filter(what="lay out a series", actor_id=desk.pk, patient_id=who.pk).count() >= 2

    def test_an_alternative_is_shown_and_booked(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        client = signed_in(desk)
        client.post(f"/desk/series/plan/{order.pk}/", plan_form(client, order, "?choice=1"))
        assert walk.visits(Series.objects.get())[0].day == MONDAY + timedelta(days=1)

    def test_a_plan_that_was_altered_or_is_anothers_books_nothing(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        _, other = cast.ready_patient(doctor)
        client = signed_in(desk)
        data = plan_form(client, order)
        for forged in (data["plan"][:-2] + "xx", plan_form(client, other)["plan"], "", "\0"):
            answer = client.post(f"/desk/series/plan/{order.pk}/", {**data, "plan": forged})
            assert "This page was incomplete. Nothing was booked" in answer.content.decode()
        assert not Series.objects.exists()

    def test_a_place_taken_meanwhile_gives_kind_words_and_a_fresh_plan(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        client = signed_in(desk)
        data = plan_form(client, order)
        Room.objects.filter(name="Room A").update(in_use=False)
        answer = client.post(f"/desk/series/plan/{order.pk}/", data).content.decode()
        assert "Nothing was booked. Here is a fresh plan." in answer
        assert not Series.objects.exists()
        assert client.post(f"/desk/series/plan/{order.pk}/", {**data, "plan": hidden(answer, "plan")}).headers[
            "Location"
        ]

    def test_a_thin_week_is_for_a_prescriber_with_a_reason(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor, infusions=3)
        url = f"/desk/series/plan/{order.pk}/?weekdays=2"
        seen = signed_in(desk).get(url).content.decode()
        assert "A prescriber must lay this one out" in seen
        assert 'name="plan"' not in seen
        client = signed_in(doctor.user)
        data = plan_form(client, order, "?weekdays=2")
        refused = client.post(url, {**data, "deviation_reason": ""}).content.decode()
        assert "Please check:" in refused
        assert not Series.objects.exists()
        client.post(url, {**data, "deviation_reason": "Works shifts."})
        assert set(Deviation.objects.values_list("reason", flat=True)) == {"Works shifts."}
        # the same plan in the hands of the desk is refused by the law, not by a hidden button
        _, second = cast.ready_patient(doctor, infusions=3)
        sealed = plan_form(client, second, "?weekdays=2")
        said = signed_in(desk).post(f"/desk/series/plan/{second.pk}/", sealed).content.decode()
        assert "a prescriber gives the reason (P4)" in said
        assert not Series.objects.filter(order=second).exists()

    @pytest.mark.parametrize(
        "query",
        [
            "weekdays=9&from_time=99:99",
            "earliest_on=9999-12-31",
            "blackout_on=never%00",
            "choice=99&weeks=7000",
            "site=nowhere&clinician=x",
            "from_time=15:00&until_time=09:00",
        ],
    )
    def test_strange_wishes_are_said_and_break_nothing(self, doctor: Any, desk: Any, query: str) -> None:
        _, order = cast.ready_patient(doctor)
        answer = signed_in(desk).get(f"/desk/series/plan/{order.pk}/?{query}")
        assert answer.status_code == 200
        assert "Book these 6 visits" in answer.content.decode()

    def test_the_form_shows_the_site_and_the_weeks_that_are_looked_at(self, doctor: Any) -> None:
        _, order = cast.ready_patient(doctor)
        both = cast.receptionist()
        both.rolegrant_set.create(role="front_desk", site=cast.other_site(), user=both)
        page = signed_in(both).get(f"/desk/series/plan/{order.pk}/?weekdays=0&weekdays=2").content.decode()
        assert '<option value="la" selected>' in page
        assert '<option value="8" selected>' in page

    def test_another_sites_desk_finds_nothing_and_why_is_never_said(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        other = cast.receptionist(cast.other_site())
        assert signed_in(other).get(f"/desk/series/plan/{order.pk}/").status_code == 404
        assert signed_in(cast.manager()).get(f"/desk/series/plan/{order.pk}/").status_code == 403
        decision = type(order.clearance).objects.filter(pk=order.clearance_id)
        history.rewrite(decision, until_on=MONDAY + timedelta(days=3))
        page = signed_in(desk).get(f"/desk/series/plan/{order.pk}/").content.decode()
        assert "Ask the clinician." in page
        assert "January 7" not in page
        assert "decision" not in page.split("<main")[1].split("</main")[0]


class TestLists:
    @pytest.mark.parametrize("tab", ["waiting", "open", "over"])
    def test_the_queries_do_not_grow(self, doctor: Any, desk: Any, tab: str) -> None:
        client, counts = signed_in(desk), []
        for more in (1, 2):
            for n in range(more):
                _, order = cast.ready_patient(doctor, infusions=2)
                if tab != "waiting":
                    slots = walk.proposed(order, earliest_on=MONDAY + timedelta(days=7 * (more + n)))
                    series = walk.laid_out(desk, order, slots)
                    if tab == "over":
                        closing.close_series(by=desk, series_id=series.pk, why="finished")
            with CaptureQueriesContext(connection) as captured:
                client.get(f"/desk/series/?tab={tab}")
            counts.append(len(captured))
        assert counts[0] == counts[1] <= 17

    def test_they_show_their_own_sites_only_and_are_searched(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        elsewhere = signed_in(cast.receptionist(cast.other_site()))
        assert who.full_name in signed_in(desk).get("/desk/series/").content.decode()
        assert who.full_name not in elsewhere.get("/desk/series/").content.decode()
        walk.laid_out(desk, order)
        found = signed_in(desk).post("/desk/series/?tab=open", {"q": who.family_name}).content.decode()
        assert f"0 of {order.infusions} done" in found
        assert who.full_name not in signed_in(desk).post("/desk/series/?tab=open", {"q": "Nobody"}).content.decode()
        assert who.full_name not in elsewhere.get("/desk/series/?tab=open").content.decode()


class TestSeriesPages:
    def test_the_time_line_holds_states_messages_and_links(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        page = signed_in(desk).get(f"/desk/series/{series.pk}/").content.decode()
        assert re.findall(r"Visit (\d)<span", page) == ["1", "2", "3", "4", "5", "6"]
        assert page.index("Visit 3<span") < page.index("Review before visit 4") < page.index("Visit 4<span")
        assert "Opens after visit 2." in page
        assert "3 visits are held" in page
        assert "Series booked" in page
        assert "Review this series" not in page
        assert "Review this series" in signed_in(doctor.user).get(f"/desk/series/{series.pk}/").content.decode()
        other = signed_in(cast.receptionist(cast.other_site()))
        for path in ("", "add/", "close/"):
            assert other.get(f"/desk/series/{series.pk}/{path}").status_code == 404
        assert other.get(f"/desk/series/{uuid.uuid4()}/").status_code == 404

    def test_a_visit_is_added_at_an_offered_time_once(self, doctor: Any, desk: Any) -> None:
        _, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order, walk.proposed(order)[:4])
        client, url = signed_in(desk), f"/desk/series/{series.pk}/add/?day=2027-01-11"
        page = client.get(url).content.decode()
        starts = [unescape(value) for value in re.findall(r'name="start" value="([^"]+)"', page)]
        data = {"request_id": hidden(page, "request_id"), "start": starts[0]}
        assert client.post(url, data).status_code == client.post(url, data).status_code == 302
        assert walk.states(series) == "bbbhh"
        late = client.post(url, {"request_id": str(uuid.uuid4()), "start": starts[0]}).content.decode()
        assert "Please check:" in late
        for strange in ("", "x", "2027-01-11T08:00|a|b", "\0|||"):
            refused = client.post(url, {"request_id": str(uuid.uuid4()), "start": strange})
            assert "Please check:" in refused.content.decode()

    def test_the_review_is_a_clinicians_page_and_a_prescribers_signature(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        series = walk.laid_out(desk, order)
        walk.phq9(who)
        url = f"/clinic/series/{series.pk}/review/"
        assert signed_in(desk).get(url).status_code == 403
        assert "The review opens after infusion 2" in signed_in(doctor.user).get(url).content.decode()
        for visit in walk.visits(series)[:2]:
            walk.give(visit, desk=desk, doctor=doctor)
        with time_machine.travel(walk.at(MONDAY + timedelta(days=3), 9), tick=False):
            assert "A prescriber releases" in signed_in(cast.clinician().user).get(url).content.decode()
            client = signed_in(doctor.user)
            page = client.get(url).content.decode()
            assert "8 of 27" in page
            data = {name: hidden(page, name) for name in ("request_id", "version")}
            assert "Write a short note" in client.post(url, {**data, "release": "1"}).content.decode()
            client.post(url, {**data, "release": "1", "note": "Better."})
        assert walk.states(series) == "ffbbbb"


class TestClinic:
    def test_a_booster_is_booked_under_its_order(self, doctor: Any, desk: Any) -> None:
        who, order = cast.ready_patient(doctor)
        plan = walk.booster_order(order, doctor, status="open", started_on=MONDAY - timedelta(days=20))
        client, url = signed_in(doctor.user), f"/clinic/patients/{who.pk}/booster/"
        assert "A re-evaluation in its favour comes first." in client.get(url).content.decode()
        plan.reevaluations.create(by=doctor.user, supports_booster=True)
        page = client.get(url).content.decode()
        starts = [unescape(value) for value in re.findall(r'name="start" value="([^"]+)"', page)]
        answer = client.post(url, {"request_id": hidden(page, "request_id"), "start": starts[0]})
        visit = Appointment.objects.get(kind="booster")
        assert answer["Location"] == f"/desk/visits/{visit.pk}/"
        assert visit.booster_order_id == plan.pk
        assert signed_in(desk).get(url).status_code == 403
        outside = cast.clinician(cast.other_site())
        assert signed_in(outside.user).get(url).status_code == 404

    @pytest.mark.parametrize(("item9", "alerts"), [("0", 0), ("1", 1), ("", 0)])
    def test_the_questionnaire_is_scored_here_and_question_9_raises_the_alert(
        self, doctor: Any, item9: str, alerts: int
    ) -> None:
        who, _ = cast.ready_patient(doctor)
        client, url = signed_in(doctor.user), f"/clinic/patients/{who.pk}/questionnaire/"
        page = client.get(url).content.decode()
        data = {"request_id": hidden(page, "request_id"), "score": "0", **{f"item_{n}": "2" for n in range(1, 9)}}
        for _ in range(2):
            client.post(url, {**data, "item_9": item9})
        row = Questionnaire.objects.get()
        assert row.score == (None if item9 == "" else 16 + int(item9))
        found = list(SafetyAlert.objects.values_list("tier", "trigger", "value"))
        assert found == [("URGENT-1", "phq9-item9", "1")] * alerts
        assert AsqSitting.objects.filter(alert__isnull=False).count() == alerts

    def test_the_suicide_screen_follows_and_is_asked_in_person(self, doctor: Any, desk: Any) -> None:
        who, _ = cast.ready_patient(doctor)
        client, url = signed_in(doctor.user), f"/clinic/patients/{who.pk}/questionnaire/"
        data = {"request_id": hidden(client.get(url).content.decode(), "request_id")}
        ask = client.post(url, {**data, **{f"item_{n}": "1" for n in range(1, 10)}})["Location"]
        alert = SafetyAlert.objects.get()
        assert ask == reverse("safety-screen", args=[alert.pk])
        assert "In the past few weeks, have you wished you were dead?" in client.get(ask).content.decode()
        assert "Please choose one answer" in client.post(ask, {"number": "1"}).content.decode()
        for number in range(1, 5):
            assert client.post(ask, {"number": str(number), "answer": "Y" if number == 3 else "N"})["Location"] == ask
        client.post(ask, {"number": "4", "answer": "Y"})  # a page of before changes nothing
        done = client.post(ask, {"number": "5", "answer": "Y", "words": "Tonight"})
        assert done["Location"] == reverse("safety-alert", args=[alert.pk])
        alert.refresh_from_db()
        sitting = AsqSitting.objects.get()
        assert (alert.tier, sitting.outcome, sitting.alert) == ("URGENT-2", "acute", alert)
        assert list(sitting.answers.values_list("value", flat=True)) == ["N", "N", "Y", "N", "Y"]
        assert client.get(ask)["Location"] == done["Location"], "it is over"
        assert signed_in(desk).get(ask).status_code == 403
        assert signed_in(cast.clinician(cast.other_site()).user).get(ask).status_code == 404

    def test_strange_answers_record_nothing(self, doctor: Any, desk: Any) -> None:
        who, _ = cast.ready_patient(doctor)
        url = f"/clinic/patients/{who.pk}/questionnaire/"
        client = signed_in(doctor.user)
        for items in ({}, {"item_1": "7"}, {"item_1": "-1"}, {"item_1": "x"}):
            answer = client.post(url, {"request_id": str(uuid.uuid4()), **items}).content.decode()
            assert "Please check:" in answer
        assert signed_in(desk).post(url, {"item_1": "1"}).status_code == 403
        assert not Questionnaire.objects.exists()
