"""Requests of people in the inbox: in what order, who may, what is noted, and how a patient is made of one."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.models import CallAttempt, ConsultationRequest, Patient
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.scheduling.people.conftest import signed_in, wish

pytestmark = pytest.mark.django_db(transaction=True)
INBOX = "/desk/inbox/"
FIND = "/desk/patients/"


def post(client: Client, name: str, row: ConsultationRequest, **data: Any) -> Any:
    return client.post(reverse(name, args=[row.pk]), {"request_id": uuid.uuid4(), "version": row.version, **data})


def test_the_inbox_puts_people_in_need_first_then_the_oldest(client: Client) -> None:
    wish(given_name="Late", made_at=now() - timedelta(days=3))
    wish(given_name="Young")
    wish(given_name="Urgent", needs_person=True)
    page = client.get(INBOX).content.decode()
    assert page.index("Urgent") < page.index("Late") < page.index("Young")
    assert "Needs a person now" in page


def test_the_inbox_counts_each_state_and_filters_by_link(client: Client) -> None:
    wish()
    wish(given_name="Tried", status="trying")
    found = client.get(f"{INBOX}?state=trying")
    assert [row.wish.given_name for row in found.context["rows"]] == ["Tried"]
    assert [tab.count for tab in found.context["tabs"]] == [1, 1, 0, 0]
    assert client.get(f"{INBOX}?state=nonsense").status_code == 404


def test_an_empty_inbox_says_what_would_fill_it(client: Client) -> None:
    assert "When somebody asks for a consultation" in client.get(INBOX).content.decode()


def test_a_request_of_the_other_site_is_not_there(client: Client) -> None:
    there = wish(site=cast.other_site(), given_name="Elsewhere")
    assert "Elsewhere" not in client.get(INBOX).content.decode()
    assert client.get(reverse("desk-request", args=[there.pk])).status_code == 404
    assert post(client, "desk-request-close", there, **{"close-outcome": "other"}).status_code == 404
    there.refresh_from_db()
    assert there.status == "new"


@pytest.mark.parametrize("role", ["manager", "patient"])
def test_managers_and_patients_have_no_door_to_requests_or_patients(role: str) -> None:
    row, patient = wish(reason="private words"), cast.patient()
    client = signed_in(cast.user(role))
    for address in (INBOX, FIND, f"{INBOX}{row.pk}/", f"{FIND}{patient.pk}/", f"{FIND}new/"):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "private words" not in answer.content.decode()


@pytest.mark.parametrize(("times", "note", "says"), [
    (["thu-pm", "mon-am"], "", "Monday morning, Thursday afternoon"),
    (["mon-am"], "not before 9", "Monday morning not before 9"),
    ([], "not before 9", "not before 9"),
    ([], "", "Any"),
])  # fmt: skip
def test_a_request_says_times_and_the_date_of_birth_as_people_do(
    client: Client, times: list[str], note: str, says: str
) -> None:
    row = wish(times=times, times_note=note, birth_on=date(1979, 3, 11))
    page = client.get(f"{INBOX}{row.pk}/").content.decode()
    assert f"<dd>{says}</dd>" in page
    assert "<dd>March 11, 1979</dd>" in page


def test_a_clinician_reads_a_request_and_cannot_change_it() -> None:
    row = wish(reason="I cannot sleep")
    client = signed_in(cast.clinician().user)
    assert "I cannot sleep" in client.get(f"{INBOX}{row.pk}/").content.decode()
    assert post(client, "desk-request-close", row, **{"close-outcome": "other"}).status_code == 403
    row.refresh_from_db()
    assert row.status == "new"


def test_looking_at_a_request_and_at_the_list_is_recorded(client: Client, desk: User) -> None:
    row = wish(patient=cast.patient())
    client.get(INBOX)
    client.get(f"{INBOX}{row.pk}/")
    looks = Entry.objects.filter(actor_id=desk.pk, action="view")
    assert looks.filter(what="desk-inbox", changes={"requests": [str(row.pk)]}).count() == 1
    assert looks.filter(what="desk-inbox", patient_id=row.patient_id).count() == 1
    assert looks.filter(what="desk-request", subject_id=str(row.pk), patient_id=row.patient_id).count() == 1


def test_a_call_is_noted_and_who_spoke_with_them_ends_the_wait(client: Client) -> None:
    row = wish()
    for kind in (Kind.REQUEST_CALL_BACK, Kind.REQUEST_IN_CRISIS):
        open_task(kind, subject_type="x", subject_id=row.pk, queue=Queue.FRONT_DESK, due_at=now(), site_id=row.site_id)
    post(client, "desk-request-attempt", row, **{"call-attempt": "no_answer"})  # without the form's prefix: refused
    row.refresh_from_db()
    assert row.status == "new"
    call = {"call-request_id": uuid.uuid4(), "call-version": 1, "call-attempt": "no_answer", "call-note": "after 5"}
    client.post(reverse("desk-request-attempt", args=[row.pk]), call)
    client.post(reverse("desk-request-attempt", args=[row.pk]), call)  # a double click
    row.refresh_from_db()
    assert (row.status, row.version, CallAttempt.objects.filter(request=row, note="after 5").count()) == (
        "trying",
        2,
        1,
    )
    assert Task.objects.filter(done_at__isnull=True).count() == 2
    spoke = {"call-request_id": uuid.uuid4(), "call-version": 2, "call-attempt": "spoke"}
    client.post(reverse("desk-request-attempt", args=[row.pk]), spoke)
    still_open = Task.objects.filter(done_at__isnull=True).values_list("kind", flat=True)
    assert list(still_open) == [Kind.REQUEST_IN_CRISIS]


def test_only_a_clinician_says_that_words_of_crisis_were_read(client: Client) -> None:
    row = wish(needs_person=True)
    open_task(
        Kind.REQUEST_IN_CRISIS,
        subject_type="x",
        subject_id=row.pk,
        queue=Queue.CLINICIANS,
        due_at=now(),
        site_id=row.site_id,
    )
    address = reverse("desk-request-read", args=[row.pk])
    assert client.post(address, {"request_id": uuid.uuid4()}).status_code == 403
    doctor = cast.clinician()
    signed_in(doctor.user).post(address, {"request_id": uuid.uuid4()})
    assert Task.objects.get(subject_id=row.pk).done_by == doctor.user


def test_the_second_of_two_receptionists_is_told_and_overwrites_nothing(client: Client) -> None:
    row = wish()
    other = signed_in(cast.receptionist())
    address = reverse("desk-request-close", args=[row.pk])
    close = {"close-request_id": uuid.uuid4(), "close-version": 1, "close-outcome": "elsewhere"}
    client.post(address, close)
    answer = other.post(address, {**close, "close-request_id": uuid.uuid4(), "close-outcome": "not-reached"})
    assert "Somebody else changed this meanwhile" in answer.content.decode()
    row.refresh_from_db()
    assert (row.status, row.outcome, row.version) == ("closed", "elsewhere", 2)


def test_a_patient_is_made_of_a_request_and_it_counts_as_booked_once_a_visit_is(client: Client, desk: User) -> None:
    cast.visit_types()
    cast.room()
    cast.prescriber()
    row = wish(email="rosa@example.com", birth_on=date(1990, 2, 3))
    answer = post(client, "desk-request-patient", row)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.patient is not None
    assert (row.patient.full_name, row.patient.birth_on, row.patient.user_id) == ("Rosa Núñez", date(1990, 2, 3), None)
    assert reverse("desk-book-patient", args=["la", row.patient_id]) in client.get(f"{INBOX}{row.pk}/").content.decode()
    booking.book(
        by=desk,
        wish=Wish(patient_id=row.patient.pk, kind="consultation", site_id="la", starts_at=weekday_at(9)),
    )
    shown = client.get(f"{INBOX}?state=booked").context["rows"]
    assert [one.wish.pk for one in shown] == [row.pk]


def test_a_known_patient_is_offered_before_another_is_made(client: Client) -> None:
    known = cast.patient(email="rosa@example.com", given_name="Rosa", family_name="Nunez")
    row = wish(email="Rosa@Example.com")
    page = client.get(f"{INBOX}{row.pk}/").content.decode()
    assert "Same e-mail" in page
    assert "This is the same person" in page
    answer = post(client, "desk-request-patient", row)
    assert "may be known already" in answer.content.decode()
    assert Patient.objects.count() == 1
    post(client, "desk-request-choose", row, patient=known.pk)
    row.refresh_from_db()
    assert row.patient_id == known.pk


def test_a_patient_of_the_other_site_cannot_be_chosen(client: Client) -> None:
    row, stranger = wish(), cast.patient(cast.other_site())
    assert post(client, "desk-request-choose", row, patient=stranger.pk).status_code == 404


def test_searching_requests_ignores_accents_and_leaves_no_trace_in_the_address(client: Client) -> None:
    wish()
    wish(given_name="Bo", family_name="Li", status="closed", outcome="other", phone="+12135558888")
    for typed, name in [("nunez", "Núñez"), ("NÚÑ", "Núñez"), ("8888", "Li"), ("(213) 555-7777", "Núñez")]:
        found = client.post(INBOX, {"typed": typed})
        assert [row.wish.family_name for row in found.context["rows"]] == [name], typed
