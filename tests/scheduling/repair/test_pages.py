"""The pages of repair: before and after in words, some left out, another time, saved, undone; who may come in."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import SafetyAlert
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging.models import Message
from pacificmind.tasks.models import Task
from scheduling.models import Appointment, Closure, PossibleTimes, Repair
from scheduling.services import booking, shifts, supply
from tests import cast
from tests.scheduling.desk.conftest import clear, words
from tests.scheduling.repair.conftest import MONDAY, Clinic, places, snapshot
from tests.scheduling.series import walk

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(clinic: Clinic) -> Client:
    return signed_in(clinic.desk)


def hidden(page: Any) -> dict[str, Any]:
    """The fields a browser would send with any button: hidden ones, and the boxes that are ticked."""
    html = page.content.decode()
    found: dict[str, Any] = {"patient": [], "out": []}
    for tag in re.findall(r"<input[^>]*>", html):
        at = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if at.get("type") == "hidden" or (at.get("type") == "checkbox" and " checked" in tag):
            name, value = at.get("name", ""), at.get("value", "")
            if name in ("patient", "out"):
                found[name].append(value)
            elif name != "csrfmiddlewaretoken":
                found[name] = value
    return found


def buttons(page: Any, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page.content.decode())


def leave_page(clinic: Clinic, gap: int = 1) -> str:
    return reverse("desk-repair-leave", args=[clinic.away(gap).pk])


class TestProposal:
    def test_before_and_after_in_words_and_nothing_saved(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(1, 3, 8)
        before = snapshot()
        page = desk.get(leave_page(clinic))
        said = words(page)
        assert "Dr. Cho is away" in said
        assert "Away all of Tuesday, January 5." in said, "no midnights"
        assert "1 patient: 1 visit changes. The rest stays as it is. Nothing is saved yet." in said
        assert run.patient.full_name in said
        assert "Tuesday, January 5, 9:00 am Room A, Dr. Cho" in said
        assert "Tuesday, January 5, 9:00 am Room A, Dr. Diaz Same time" in said
        assert "2 visits stay as they are" in said
        assert "Save and tell 1 patient" in said
        assert run.patient.family_name not in re.search(r"<title>.*?</title>", page.content.decode(), re.S)[0]  # type: ignore[index]
        clear(page)
        assert snapshot() == before
        assert Entry.objects.filter(what="repair", patient_id=run.patient_id, action="view").exists()

    def test_a_visit_that_goes_to_the_end_says_its_number_and_what_is_booked_in_its_place(
        self, clinic: Clinic, desk: Client
    ) -> None:
        run = clinic.series(1, 3, 7, 9, 11)
        clinic.away(1, until=2, who=clinic.other)
        path = leave_page(clinic)
        said = words(desk.get(path))
        assert places(run)[3][-1] == "h", "the first stage ends after the third"
        assert "; then " in said
        assert "Booked now" in said
        made = words(desk.post(path, hidden(desk.get(path)) | {"save": "1"}, follow=True))
        assert "Booked now" in made

    @pytest.mark.parametrize(("gap", "alone", "called"), [(1, True, True), (1, False, False), (8, True, False)])
    def test_who_may_read_the_mail_too_late_is_called(
        self, clinic: Clinic, desk: Client, gap: int, alone: bool, called: bool
    ) -> None:
        """Tomorrow at another time: a call. At the same time with somebody else, or next week: the mail is enough."""
        run = clinic.series(gap, gap + 3)
        if alone:
            clinic.away(gap, who=clinic.other)
        path = leave_page(clinic, gap)
        made = desk.post(path, hidden(desk.get(path)) | {"save": "1"}, follow=True)
        assert ("Call these as well" in words(made)) is called
        assert (f'href="tel:{run.patient.phone.as_e164}"' in made.content.decode()) is called

    def test_saved_and_undone_by_button(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(1, 3, 8)
        before, path = snapshot(), leave_page(clinic)
        data = hidden(desk.get(path)) | {"save": "1"}
        made = desk.post(path, data, follow=True)
        assert "Saved. 1 patient will be told in 3 minutes; until then it can be undone." in words(made)
        assert walk.visits(run)[0].clinician_id == clinic.other.pk
        assert desk.post(path, data).status_code == 302  # a second click is the same repair
        row = Repair.objects.get()
        back = desk.post(reverse("desk-repair-undo", args=[row.pk]), hidden(made), follow=True)
        assert "Every visit is where it was, and nobody was told." in words(back)
        assert "Undo this repair" not in words(back)
        assert snapshot() == before

    def test_too_late_is_said_kindly(self, clinic: Clinic, desk: Client) -> None:
        clinic.series(1, 3)
        path = leave_page(clinic)
        made = desk.post(path, hidden(desk.get(path)) | {"save": "1"}, follow=True)
        Message.objects.filter(purpose="visits-changed").update(status="sent", done_at=now(), tries=1)
        row = Repair.objects.get()
        after = snapshot()
        said = words(desk.post(reverse("desk-repair-undo", args=[row.pk]), hidden(made)))
        assert "The messages have left, so that the patients know the new times." in said
        assert snapshot() == after

    def test_a_stale_page_saves_nothing_and_proposes_afresh(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(1, 3, 8)
        path = leave_page(clinic)
        data = hidden(desk.get(path)) | {"save": "1"}
        visit = walk.visits(run)[0]
        Appointment.objects.filter(pk=visit.pk).update(version=7)
        page = desk.post(path, data)
        assert "Somebody changed one of these visits since this was proposed." in words(page)
        assert not Repair.objects.exists()
        assert desk.post(path, hidden(page) | {"save": "1"}).status_code == 302

    @pytest.mark.parametrize("plan", ["", "nonsense", "eyJ.x"])
    def test_a_plan_that_is_not_ours_is_refused(self, clinic: Clinic, desk: Client, plan: str) -> None:
        clinic.series(1, 3)
        path = leave_page(clinic)
        page = desk.post(path, hidden(desk.get(path)) | {"save": "1", "plan": plan})
        assert "This page was incomplete. Nothing was saved" in words(page)
        assert not Repair.objects.exists()

    def test_a_plan_of_another_page_is_refused(self, clinic: Clinic, desk: Client) -> None:
        clinic.series(1, 3)
        data = hidden(desk.get(leave_page(clinic))) | {"save": "1"}
        assert "Nothing was saved" in words(desk.post(leave_page(clinic, 3), data))

    def test_an_empty_repair_says_so(self, clinic: Clinic, desk: Client) -> None:
        assert "Nothing has to move" in words(desk.get(leave_page(clinic)))
        assert "No visit waits" in words(desk.get(reverse("desk-repairs")))
        assert "Nothing has to move" in words(desk.get(reverse("desk-repair-waiting")))


class TestChoosing:
    def test_some_are_left_out_and_taken_in_again(self, clinic: Clinic, desk: Client) -> None:
        first, second = clinic.series(1, 3), clinic.series(1, 3, hour=12)
        path = leave_page(clinic)
        data = hidden(desk.get(path))
        assert len(data["patient"]) == 2
        page = desk.post(path, data | {"patient": [str(first.patient_id)], "again": "1"})
        assert f"Take {second.patient.full_name} in again" in words(page)
        assert "1 patient: 1 visit changes." in words(page)
        data = hidden(page)
        assert data["out"] == [str(second.patient_id)]
        whole = desk.post(path, data | {"patient": [str(first.patient_id), str(second.patient_id)], "again": "1"})
        assert "2 patients: 2 visits change." in words(whole)
        desk.post(path, data | {"save": "1"})
        assert set(Repair.objects.get().after) == {str(walk.visits(first)[0].pk)}
        assert walk.visits(second)[0].clinician_id == clinic.doctor.pk

    def test_another_lawful_time_for_one_visit(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(1, 3, 8)
        path = leave_page(clinic)
        page = desk.get(path)
        (value,) = buttons(page, "adjust")
        choices = desk.post(path, hidden(page) | {"adjust": value})
        said = words(choices)
        assert "Proposed: Tuesday, January 5, 9:00 am." in said
        starts = [datetime.fromisoformat(start.split("|")[0]) for start in buttons(choices, "take")]
        offered = {start.astimezone(cast.site().tz).day for start in starts}
        assert {4, 5} <= offered
        assert not {6, 7, 8} & offered  # Thursday's visit, and the days beside it
        chosen = next(start for start in buttons(choices, "take") if start.startswith("2027-01-05T20"))  # noon
        back = desk.post(path, hidden(choices) | {"take": chosen})
        assert "Tuesday, January 5, noon" in words(back)
        desk.post(path, hidden(back) | {"save": "1"})
        assert walk.visits(run)[0].starts_at == walk.at(MONDAY + timedelta(days=1), 12)

    def test_a_time_that_was_never_offered(self, clinic: Clinic, desk: Client) -> None:
        clinic.series(1, 3, 8)
        path = leave_page(clinic)
        choices = desk.post(path, hidden(page := desk.get(path)) | {"adjust": buttons(page, "adjust")[0]})
        again = desk.post(path, hidden(choices) | {"take": "2027-01-06T17:00:00+00:00|x|y"})
        assert "This time is no longer offered." in words(again)
        assert desk.post(path, hidden(page) | {"adjust": "nobody|none"}).status_code == 404
        assert desk.post(path, hidden(page) | {"adjust": f"{cast.patient().pk}|new-0"}).status_code == 404


class TestDoors:
    def test_a_series_that_lacks_a_visit(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(0, 2, 4, 7)
        visit = walk.visits(run)[1]
        booking.cancel(by=clinic.desk, visit_id=visit.pk, version=1, why="Travels")
        assert (
            reverse("desk-repair-series", args=[run.pk])
            in desk.get(reverse("desk-series", args=[run.pk])).content.decode()
        )
        door = reverse("desk-repair-visit", args=[visit.pk])
        assert door in desk.get(reverse("desk-visit", args=[visit.pk])).content.decode()
        page = desk.get(door)
        assert "Infusion, in place of a missing one None Wednesday, January 6, 9:00 am" in words(page)
        desk.post(door, hidden(page) | {"save": "1"})
        assert len(places(run)) == 4

    def test_no_fridays_any_more(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(0, 2, 4, 7, 9, 11)
        path = reverse("desk-possible-times", args=[run.patient_id])
        assert path in desk.get(reverse("desk-patient", args=[run.patient_id])).content.decode()
        data = hidden(desk.get(path)) | {"weekdays": ["0", "1", "2", "3"], "not_on": "1/12/2027"}
        page = desk.post(path, data, follow=True)
        assert "Some visits no longer fit: here is a proposal." in words(page)
        kept = PossibleTimes.objects.get()
        assert (kept.weekdays, [str(day) for day in kept.not_on]) == ([0, 1, 2, 3], ["2027-01-12"])
        desk.post(reverse("desk-repair-patient", args=[run.patient_id]), hidden(page) | {"save": "1"})
        assert not any(line.startswith(("Fri", "Tue 12")) for line in places(run))
        assert "1/12/2027" in desk.get(path).content.decode() or "01/12/2027" in desk.get(path).content.decode()

    @pytest.mark.parametrize(
        ("data", "say"),
        [
            ({"from_time": "14:00", "until_time": "09:00"}, "Choose a time after the first one."),
            ({"not_on": "sometimes"}, "is not a date"),
        ],
    )
    def test_times_that_make_no_sense(self, clinic: Clinic, desk: Client, data: dict[str, str], say: str) -> None:
        path = reverse("desk-possible-times", args=[cast.patient().pk])
        page = desk.post(path, hidden(desk.get(path)) | data)
        assert say in words(page)
        assert not PossibleTimes.objects.exists()

    def test_all_that_waits_together_and_tasks_lead_there(self, clinic: Clinic, desk: Client) -> None:
        clinic.series(1, 3)
        clinic.talk(1, 15)
        supply.enter_leave(
            by=clinic.boss, clinician_id=clinic.doctor.pk, starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0),
        )  # fmt: skip
        assert reverse("desk-repairs") in desk.get(reverse("desk-tasks")).content.decode()
        assert "2 visits. One proposal finds times for all of them together." in words(
            desk.get(reverse("desk-repairs"))
        )
        path = reverse("desk-repair-waiting")
        desk.post(path, hidden(desk.get(path)) | {"save": "1"})
        assert not Task.objects.filter(kind="visit-to-move", done_at__isnull=True).exists()

    def test_a_leave_taken_back_closes_the_tasks_of_what_fits_again(self, clinic: Clinic) -> None:
        run, talk = clinic.series(1, 3), clinic.talk(1, 15)
        leave, _ = supply.enter_leave(
            by=clinic.boss, clinician_id=clinic.doctor.pk, starts_at=walk.at(MONDAY + timedelta(days=1), 0),
            ends_at=walk.at(MONDAY + timedelta(days=2), 0),
        )  # fmt: skip
        closed = Closure.objects.create(
            site=cast.site(), room=talk.room, starts_at=walk.at(MONDAY + timedelta(days=1), 14),
            ends_at=walk.at(MONDAY + timedelta(days=1), 18), reason="Leak",
        )  # fmt: skip
        shifts.take_leave_back(by=clinic.boss, leave_id=leave.pk)
        left = Task.objects.filter(kind="visit-to-move", done_at__isnull=True)
        assert [task.subject_id for task in left] == [talk.pk]  # its room is still out of use
        assert Task.objects.get(subject_id=walk.visits(run)[0].pk, kind="visit-to-move").outcome == "fits again"
        shifts.open_again(by=clinic.boss, closure_id=closed.pk)
        assert not left.all().exists()


class TestWho:
    def test_the_desk_asks_the_clinician_about_a_thin_week_and_a_prescriber_gives_the_reason(
        self, clinic: Clinic, desk: Client
    ) -> None:
        run = clinic.series(1, 3, 8, 10)
        Appointment.objects.filter(pk=walk.visits(run)[0].pk).update(
            starts_at=walk.at(MONDAY, 5), ends_at=walk.at(MONDAY, 7)
        )
        clinic.away(1, 7, who=clinic.other)
        path = reverse("desk-repair-leave", args=[clinic.away(1, 7).pk])
        said = words(desk.get(path))
        assert "Only a prescriber can accept that, with a reason." in said
        assert "Save and tell" not in said
        doctor = signed_in(clinic.doctor.user)
        page = doctor.get(path)
        bare = doctor.post(path, hidden(page) | {"save": "1"})
        assert "Write why: without a reason" in words(bare)
        assert not Repair.objects.exists()
        doctor.post(path, hidden(bare) | {"save": "1", "deviation_reason": "Nobody is there."})
        assert Repair.objects.count() == 1

    def test_the_front_desk_learns_no_more_than_ask_the_clinician(self, clinic: Clinic, desk: Client) -> None:
        run = clinic.series(1, 3)
        SafetyAlert.objects.create(
            patient=run.patient, site=cast.site(), tier="URGENT-2", trigger="staff", acknowledge_by=now()
        )
        said = words(desk.get(leave_page(clinic)))
        assert "Ask the clinician. No lawful time" in said
        assert not re.search("alert|urgent|safety", said.split("Save")[0].split("is away")[1], re.I)

    def test_who_needs_a_person_stands_first_and_the_saved_page_leads_to_each(
        self, clinic: Clinic, desk: Client
    ) -> None:
        fine, stuck = clinic.series(1, 3), clinic.series(1, 3, hour=12)
        SafetyAlert.objects.create(
            patient=stuck.patient, site=cast.site(), tier="URGENT-2", trigger="staff", acknowledge_by=now()
        )
        path = leave_page(clinic)
        page = desk.get(path)
        made = desk.post(path, hidden(page) | {"save": "1"}, follow=True)
        ways = [f'href="/desk/patients/{run.patient_id}/"' for run in (stuck, fine)]
        for html in (page.content.decode(), made.content.decode()):
            assert html.index(stuck.patient.full_name) < html.index(fine.patient.full_name), "though later that day"
        assert all(way in made.content.decode() for way in ways)
        boss = signed_in(clinic.boss).get(made.redirect_chain[-1][0]).content.decode()
        assert stuck.patient.full_name in boss
        assert not any(way in boss for way in ways), "a manager has no records to open"

    def test_another_sites_desk_finds_nothing(self, clinic: Clinic) -> None:
        run = clinic.series(1, 3)
        other = signed_in(cast.receptionist(cast.other_site()))
        leave = clinic.away(1)
        for name, pk in [
            ("desk-repair-series", run.pk),
            ("desk-repair-visit", walk.visits(run)[0].pk),
            ("desk-repair-leave", leave.pk),
            ("desk-repair-patient", run.patient_id),
            ("desk-possible-times", run.patient_id),
        ]:
            assert other.get(reverse(name, args=[pk])).status_code == 404
        assert run.patient.family_name not in words(other.get(reverse("desk-repairs")))


def count(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_the_queries_do_not_grow_with_the_patients(clinic: Clinic, desk: Client) -> None:
    for hour in (8, 11, 14):
        clinic.series(1, 3, hour=hour)
    path, index = leave_page(clinic), reverse("desk-repairs")
    desk.get(path)
    three = count(desk, path), count(desk, index)
    Appointment.objects.exclude(patient_id=Appointment.objects.earliest("starts_at").patient_id).delete()
    assert (count(desk, path), count(desk, index)) == three
    assert three[0] <= 45
    assert three[1] <= 25
