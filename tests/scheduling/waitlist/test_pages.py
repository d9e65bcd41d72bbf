"""The waitlist's pages: the link of an offer, the patient's own, the front desk's. None names anybody else."""

import re
import uuid
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from intake.models import SafetyAlert
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.models import Appointment, Offer, Waiting
from scheduling.services import waitlist_offers, waitlist_tick
from tests import cast
from tests.scheduling.waitlist.conftest import Clinic, at, offer_to

pytestmark = pytest.mark.django_db

BIRTH = "1985-04-12"


@pytest.fixture(autouse=True)
def _plain() -> Any:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


def words(response: Any) -> str:
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(text).split())


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, **data: Any) -> Any:
    return client.post(path, {"request_id": str(uuid.uuid4()), **data})


def link(offer: Offer) -> str:
    return f"/earlier/{waitlist_offers.tokens_of(offer.pk)[0]}/"


class TestLink:
    def test_it_shows_nothing_before_the_date_of_birth_and_opening_it_changes_nothing(self, clinic: Clinic) -> None:
        offer = offer_to(clinic.waits(at(14, day=9), cast.patient(given_name="Mirella")))
        before = list(Offer.objects.values())
        for _ in range(3):
            page = Client().get(link(offer))
            Client().head(link(offer))
            Client().get(f"{link(offer)}answer/")
        assert page.status_code == 200
        assert not re.search("March 9|9:00|Mirella|Cho|Room|Infusion|Consultation", words(page))
        assert "no-store" in page["Cache-Control"]
        assert list(Offer.objects.values()) == before
        assert not Entry.objects.filter(what="earlier time").exists()

    def test_from_the_date_of_birth_to_the_booking(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        offer, client = offer_to(waiting), Client()
        assert client.post(link(offer), {"birth_on": BIRTH}).status_code == 302
        shown = words(client.get(link(offer)))
        assert "Tuesday, March 9, 9:00 am, Los Angeles" in shown
        assert "Your appointment now: Wednesday, March 17, 2:00 pm" in shown
        assert Entry.objects.filter(what="earlier time", patient_id=waiting.patient_id).exists()
        answered = post(client, f"{link(offer)}answer/", answer="take")
        assert answered.status_code == 302
        assert "Your appointment is now on Tuesday, March 9, 9:00 am" in words(client.get(link(offer)))
        again = post(client, f"{link(offer)}answer/", answer="take")
        assert again.status_code == 302
        waiting.visit.refresh_from_db()
        assert (waiting.visit.starts_at, waiting.visit.version) == (at(9, day=1), 2)

    def test_without_the_date_of_birth_no_answer_is_taken(self, clinic: Clinic) -> None:
        offer = offer_to(clinic.waits(at(14, day=9)))
        assert post(Client(), f"{link(offer)}answer/", answer="take").status_code == 302
        known = Client()
        known.post(link(offer), {"birth_on": BIRTH})
        other = offer_to(clinic.waits(at(16, day=9)))
        assert post(known, f"{link(other)}answer/", answer="take").status_code == 302
        assert Offer.objects.filter(status="open").count() == 2, "one link's proof opens no other"

    def test_the_proof_does_not_last(self, clinic: Clinic, clock: Any) -> None:
        offer, client = offer_to(clinic.waits(at(14, day=9))), Client()
        client.post(link(offer), {"birth_on": BIRTH})
        clock.shift(timedelta(minutes=21))
        assert "March 9" not in words(client.get(link(offer)))

    def test_wrong_unknown_expired_and_used_links_are_answered_alike(self, clinic: Clinic, clock: Any) -> None:
        tried = offer_to(clinic.waits(at(14, day=9)))
        for _ in range(2):
            page = Client().post(link(tried), {"birth_on": "1985-04-13"})
            assert "This is not the date of birth that we have" in words(page)
        answers = [Client().post(link(tried), {"birth_on": "1985-04-13"}), Client().get(link(tried))]
        answers.append(Client().get("/earlier/AAAAAAAAAAAAAAAAAAAAAA/"))
        answers.append(Client().post("/earlier/AAAAAAAAAAAAAAAAAAAAAA/", {"birth_on": BIRTH}))
        late = offer_to(clinic.waits(at(16, day=9)))
        clock.move_to(late.expires_at)
        answers.append(Client().get(link(late)))
        assert {(one.status_code, words(one)) for one in answers} == {(404, words(answers[0]))}

    def test_it_says_kindly_what_is_no_longer_possible(self, clinic: Clinic) -> None:
        waiting = clinic.treatment_waits(clinic.series(1, 3, 8, 10), 3)
        offer, client = offer_to(waiting), Client()
        client.post(link(offer), {"birth_on": BIRTH})
        SafetyAlert.objects.create(
            patient=waiting.patient, site=cast.site(), tier="URGENT-2", trigger="asq", acknowledge_by=now()
        )
        page = post(client, f"{link(offer)}answer/", answer="take")
        assert page.status_code == 200
        said = words(page)
        assert "Your appointment stays as it is" in said
        assert "We need to look at something with you before this visit" in said
        assert "Your appointment: Tuesday, March 16, 10:00 am" in said

    def test_keeping_the_time_is_one_press(self, clinic: Clinic) -> None:
        offer, client = offer_to(clinic.waits(at(14, day=9))), Client()
        client.post(link(offer), {"birth_on": BIRTH})
        post(client, f"{link(offer)}answer/", answer="keep")
        assert "You keep your time" in words(client.get(link(offer)))
        offer.refresh_from_db()
        assert offer.status == "declined"


class TestOwn:
    @pytest.fixture
    def visit(self, clinic: Clinic) -> Appointment:
        return clinic.visit(cast.patient(account=True), at(14, day=9))

    def test_join_change_and_leave(self, visit: Appointment) -> None:
        client, path = signed_in(visit.patient.user), f"/visits/{visit.pk}/earlier/"
        page = client.get(path)
        assert "Put me on the list" in words(page)
        assert "Saturday" not in words(page), "the clinic is closed then"
        refused = post(client, path, weekdays=["1"], from_time="14:00", until_time="13:00", hours_needed="24")
        assert "Please choose a time after the one above." in words(refused)
        assert 'value="14:00"' in refused.content.decode(), "nothing typed is lost"
        assert post(client, path, weekdays=["1", "3"], hours_needed="48").status_code == 302
        waiting = Waiting.objects.get()
        assert (waiting.weekdays, waiting.hours_needed, waiting.made_by) == ([1, 3], 48, visit.patient.user)
        assert "You wait for an earlier time" in words(client.get(path))
        post(client, f"{path}leave/")
        waiting.refresh_from_db()
        assert (waiting.status, waiting.ended_why) == ("ended", "left the list")

    def test_what_is_held_is_taken_on_ones_own_page(self, clinic: Clinic, visit: Appointment) -> None:
        client, path = signed_in(visit.patient.user), f"/visits/{visit.pk}/earlier/"
        post(client, path, hours_needed="24")
        waitlist_tick.tick()
        assert "Move to Tuesday, March 9, 9:00 am" in words(client.get(path))
        post(client, f"{path}answer/", answer="take")
        visit.refresh_from_db()
        assert visit.starts_at == at(9, day=1)
        assert Entry.objects.get(what="take an earlier time").actor_id == visit.patient.user_id

    def test_another_patients_visit_is_not_there(self, visit: Appointment) -> None:
        client = signed_in(cast.patient(account=True).user)
        for path in ("", "leave/", "answer/"):
            assert post(client, f"/visits/{visit.pk}/earlier/{path}", answer="take").status_code == 404

    def test_a_visit_that_is_over_leads_back(self, visit: Appointment, clock: Any) -> None:
        client = signed_in(visit.patient.user)
        clock.move_to(at(15, day=9))
        assert client.get(f"/visits/{visit.pk}/earlier/").status_code == 302


class TestDesk:
    def test_from_a_visit_to_the_list_by_hand_to_the_booking(self, clinic: Clinic) -> None:
        visit = clinic.visit(cast.patient(given_name="Ida", email=""), at(14, day=9))
        client = signed_in(clinic.desk)
        joined = post(client, f"/desk/visits/{visit.pk}/earlier/", weekdays=["4"], hours_needed="12")
        waiting = Waiting.objects.get()
        assert joined["Location"] == f"/desk/waitlist/{waiting.pk}/"
        page = client.get(joined["Location"])
        assert "Friday, told half a day before" in words(page)
        assert "By telephone: you are asked to call" in words(page)
        starts = re.findall(r'name="start"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="start"', page.content.decode())
        start = next(filter(None, starts[1]))
        assert post(client, f"/desk/waitlist/{waiting.pk}/offer/", start=start).status_code == 302
        offer = Offer.objects.get()
        assert offer.starts_at.isoformat() == start
        post(client, f"/desk/offers/{offer.pk}/answer/", answer="take")
        visit.refresh_from_db()
        assert visit.starts_at == offer.starts_at
        past = words(client.get("/desk/waitlist/?show=past"))
        assert "Has an earlier time: took an earlier time" in past

    def test_the_visit_leads_there_and_a_held_one_says_whom_to_ask(self, clinic: Clinic) -> None:
        held = clinic.series(1, 3, 8, 10).visits.get(number=4)
        page = signed_in(clinic.desk).get(f"/desk/visits/{held.pk}/")
        assert f'href="/desk/visits/{held.pk}/earlier/"' in page.content.decode()
        assert "Held Ask the clinician" in words(page)

    @pytest.mark.parametrize(("answer", "status"), [("keep", "declined"), ("back", "withdrawn")])
    def test_answering_for_somebody(self, clinic: Clinic, answer: str, status: str) -> None:
        offer = offer_to(clinic.waits(at(14, day=9)))
        post(signed_in(clinic.desk), f"/desk/offers/{offer.pk}/answer/", answer=answer)
        offer.refresh_from_db()
        assert offer.status == status

    def test_a_time_that_is_gone_is_said_beside_the_choice(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        page = post(signed_in(clinic.desk), f"/desk/waitlist/{waiting.pk}/offer/", start=at(3, day=1).isoformat())
        assert page.status_code == 200
        assert "Please choose one of the answers." in words(page)

    def test_what_the_clinician_must_be_asked_is_not_explained(self, clinic: Clinic) -> None:
        waiting = clinic.treatment_waits(clinic.series(1, 3, 8, 10), 3)
        SafetyAlert.objects.create(
            patient=waiting.patient, site=cast.site(), tier="URGENT-2", trigger="asq", acknowledge_by=now()
        )
        page = words(signed_in(clinic.desk).get(f"/desk/waitlist/{waiting.pk}/"))
        assert "No earlier time is both free and allowed for this visit" in page
        assert not re.search("alert|URGENT|clearance|asq", page)

    def test_at_night_the_list_says_why_nothing_is_offered(self, clinic: Clinic, clock: Any) -> None:
        clinic.waits(at(14, day=9))
        assert "Nothing is offered by itself" not in words(signed_in(clinic.desk).get("/desk/waitlist/"))
        clock.move_to(at(22))
        page = words(signed_in(clinic.desk).get("/desk/waitlist/"))
        assert "Nothing is offered by itself before 8:00 am: at night nobody would answer in time." in page

    def test_removing(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        post(signed_in(clinic.desk), f"/desk/waitlist/{waiting.pk}/remove/")
        waiting.refresh_from_db()
        assert (waiting.status, waiting.ended_why) == ("ended", "removed by the clinic")

    def test_the_list_costs_the_same_for_one_and_for_three(self, clinic: Clinic) -> None:
        client = signed_in(clinic.desk)
        counts = []
        for hour in (10, 12, 14):
            clinic.waits(at(hour, day=9))
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get("/desk/waitlist/")
            counts.append(len(queries))
        assert counts[0] == counts[2] <= 14

    def test_each_look_is_recorded_and_the_other_site_sees_nothing(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        signed_in(clinic.desk).get("/desk/waitlist/")
        assert (
            Entry.objects.filter(what="waitlist", actor_id=clinic.desk.pk, patient_id=waiting.patient_id).count() == 1
        )
        other = signed_in(cast.receptionist(cast.other_site()))
        assert waiting.patient.full_name not in words(other.get("/desk/waitlist/"))
        assert "Nobody waits for an earlier time" in words(other.get("/desk/waitlist/"))
        assert other.get(f"/desk/waitlist/{waiting.pk}/").status_code == 404
        manager = signed_in(cast.manager())
        assert waiting.patient.full_name in words(manager.get("/desk/waitlist/"))
        assert post(manager, f"/desk/waitlist/{waiting.pk}/remove/").status_code == 403

    def test_no_inline_style_or_script(self, clinic: Clinic) -> None:
        waiting = clinic.waits(at(14, day=9))
        client = signed_in(clinic.desk)
        for path in ("/desk/waitlist/", f"/desk/waitlist/{waiting.pk}/", f"/desk/visits/{waiting.visit_id}/earlier/"):
            html = client.get(path).content.decode()
            assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*src=)", html), path
            assert date(2027, 3, 17).strftime("%B") not in re.findall(r"<title>(.*?)</title>", html)[0]
