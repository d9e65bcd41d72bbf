"""The ledger as the front desk, a manager and a patient see it."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Message, Status
from pacificmind.messaging.registry import SAFETY_PAGE, Address
from tests import cast
from tests.messaging import purposes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patients_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the app that owns patients registers them."""
    from intake.models import Patient

    def names(ids: Any) -> dict[uuid.UUID, str]:
        return {found.pk: found.full_name for found in Patient.objects.filter(pk__in=list(ids))}

    monkeypatch.setitem(registry._recipients, "patient", registry._Recipients(lambda pk: Address(), names))


def _message(to: Any, at: Site | None = None, status: str = Status.FAILED, **extra: Any) -> Message:
    done = {} if status in (Status.OWED, Status.SENDING) else {"done_at": now()}
    values: dict[str, Any] = {
        "purpose": purposes.NOTE,
        "subject_type": "x",
        "subject_id": uuid.uuid4(),
        "recipient_type": "patient",
        "recipient_id": to.pk,
        "channel": "email",
        "site": at or cast.site(),
        "due_at": now(),
        "status": status,
        "why": "The mail server refused it (550). Is the address right?" if status == Status.FAILED else "",
        **done,
        **extra,
    }
    return Message.objects.create(**values)


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _text(client: Client, name: str, **query: str) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_desk_sees_its_site_with_name_and_reason_and_never_pages() -> None:
    here, there = cast.patient(family_name="Here"), cast.patient(cast.other_site(), family_name="There")
    _message(here)
    _message(there, cast.other_site())
    _message(here, purpose=SAFETY_PAGE, why="a page")
    desk = cast.receptionist()
    page = _text(_as(desk), "desk-ledger")
    assert "Ana Here" in page
    assert "The mail server refused it (550)." in page
    assert "A note" in page
    assert "There" not in page.replace("Is there", "")
    assert "a page" not in page
    assert Entry.objects.get(what="desk-ledger", actor_id=desk.pk).patient_id == here.pk
    both = _text(_as(cast.manager()), "desk-ledger")
    assert "Ana Here" in both
    assert "Ana There" in both


def test_states_are_links_with_counts_and_each_row_explains_itself() -> None:
    who = cast.patient()
    _message(who, status=Status.SENT, tries=2)
    _message(who, status=Status.VOID, why="The visit was moved.")
    _message(who, status=Status.OWED)
    client = _as(cast.receptionist())
    assert "No message needs you" in _text(client, "desk-ledger")
    sent = _text(client, "desk-ledger", status="sent")
    assert "The mail server took it on" in sent
    assert "at try 2." in sent
    assert "The visit was moved." in _text(client, "desk-ledger", status="void")
    assert "It is due now." in _text(client, "desk-ledger", status="owed")
    assert 'status=sent" aria-current="page">Sent <span class="count">1</span>' in sent
    assert "Nothing here" in _text(client, "desk-ledger", status="owed", purpose=purposes.STALE)


def test_a_button_of_the_page_works_once_and_only_for_ones_own_site() -> None:
    row = _message(cast.patient())
    foreign = _message(cast.patient(cast.other_site()), cast.other_site())
    desk = cast.user("front_desk", name="Rosa")
    client = _as(desk)
    request_id = {"request_id": str(uuid.uuid4())}
    for _ in range(2):
        answer = client.post(reverse("ledger-called", args=[row.pk]), request_id, follow=True)
        assert "Noted: you called instead." in answer.content.decode()
    row.refresh_from_db()
    assert (row.status, row.why) == (Status.VOID, "Rosa called instead.")
    assert client.post(reverse("ledger-retry", args=[foreign.pk]), request_id).status_code == 404
    assert client.post(reverse("ledger-retry", args=[uuid.uuid4()]), request_id).status_code == 404
    assert client.get(reverse("ledger-retry", args=[row.pk])).status_code == 405
    incomplete = client.post(reverse("ledger-retry", args=[row.pk]), {}, follow=True)
    assert "Nothing was changed" in incomplete.content.decode()
    foreign.refresh_from_db()
    assert foreign.status == Status.FAILED


def test_a_patient_sees_what_was_sent_to_them_alone() -> None:
    me = cast.patient(account=True)
    _message(me, status=Status.SENT)
    _message(me, status=Status.FAILED)
    _message(cast.patient(), status=Status.SENT, purpose=purposes.STALE)
    assert me.user is not None
    page = _text(_as(me.user), "patient-messages")
    assert page.count("A note") == 1
    assert "Something old" not in page
    assert Entry.objects.get(what="patient-messages").patient_id == me.pk
    assert "No messages yet" in _text(_as(cast.user("patient")), "patient-messages")
    assert _as(me.user).get(reverse("desk-ledger")).status_code == 403


def test_the_list_takes_as_many_queries_for_three_as_for_one() -> None:
    client = _as(cast.receptionist())

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(reverse("desk-ledger"))
        return len(found)

    _message(cast.patient())
    queries()
    one = queries()
    _message(cast.patient())
    _message(cast.patient())
    assert queries() == one


def test_what_tells_of_an_alert_by_having_been_written_is_not_in_the_list_unless_it_needs_a_person() -> None:
    told, stuck = cast.patient(family_name="Told"), cast.patient(family_name="Stuck")
    clinical = [one.name for one in registry.purposes() if one.clinical]
    assert {"friendly-note", "talk-with-us"} <= set(clinical)
    for purpose in clinical:
        for status in (Status.OWED, Status.SENT, Status.VOID):
            _message(told, status=status, purpose=purpose, why="x" if status == Status.VOID else "")
        _message(stuck, purpose=purpose)
    for who in (cast.receptionist(), cast.manager()):
        for shown in ("", Status.OWED, Status.SENT, Status.VOID):
            assert "Told" not in _text(_as(who), "desk-ledger", status=shown)
        assert "Stuck" in _text(_as(who), "desk-ledger", status=Status.FAILED)
