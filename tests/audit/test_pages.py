"""Who looked: the patient's page, one's own actions, the manager's record; and sign-ins."""

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record, viewed
from tests import cast

pytestmark = pytest.mark.django_db


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_patient_sees_who_looked_at_them_and_at_nobody_else() -> None:
    me, other = cast.patient(account=True), cast.patient()
    assert me.user is not None
    nurse = cast.prescriber(name="Nadia Cole").user
    viewed("review-page", by=nurse, patient_id=me.pk)
    viewed("secret-page", by=nurse, patient_id=other.pk)
    record(Action.CHANGE, "move visit", by=cast.user("front_desk", name="Rosa Diaz"), patient_id=me.pk)
    client = _as(me.user)
    page = client.get(reverse("patient-who-looked")).content.decode()
    for words in ("Nadia Cole", "Clinician, Prescriber", "Looked at: review page", "Rosa Diaz", "Changed: move visit"):
        assert words in page
    assert "secret page" not in page
    assert "Looked at: who looked" not in page
    own = client.get(reverse("patient-who-looked"), {"own": "1"}).content.decode()
    assert "You" in own
    assert "Looked at: who looked" in own


def test_a_list_is_a_row_for_each_patient_in_their_order_in_one_statement() -> None:
    rosa, seen = cast.receptionist(), [cast.patient().pk for _ in range(3)]
    assert rosa.roles == {"front_desk"}  # read before the count
    with CaptureQueriesContext(connection) as asked:
        viewed("desk-calendar", by=rosa, patients=[*seen, seen[0]], reason="looked")
    assert len(asked) == 1
    record(Action.VIEW, "desk-calendar", by=rosa, patient_id=seen[0], reason="looked")
    alone = Entry.objects.latest("pk")
    rows = list(Entry.objects.exclude(pk=alone.pk).order_by("pk"))
    assert [row.patient_id for row in rows] == seen
    for row in rows:
        assert (row.subject_type, row.subject_id) == ("intake.patient", str(row.patient_id))
        for name in ("xid", "actor_id", "actor_roles", "action", "what", "changes", "reason", "reference"):
            assert getattr(row, name) == getattr(alone, name), name
        assert row.at <= alone.at
    with CaptureQueriesContext(connection) as asked:
        viewed("desk-calendar", by=rosa, patients=[])
    assert len(asked) == 0


def test_staff_see_their_own_actions() -> None:
    rosa, other = cast.receptionist(), cast.receptionist()
    viewed("desk-calendar", by=rosa)
    viewed("desk-inbox", by=other)
    page = _as(rosa).get(reverse("audit-own")).content.decode()
    assert "the calendar" in page
    assert "the inbox of requests" not in page


def test_a_manager_filters_the_record_and_is_recorded() -> None:
    boss, who = cast.manager(), cast.patient()
    viewed("desk-calendar", by=cast.user("front_desk", name="Rosa Diaz"), patient_id=who.pk)
    viewed("desk-inbox", by=cast.user("front_desk", name="Max Orr"))
    client = _as(boss)
    page = client.get(reverse("audit-log"), {"actor": "rosa", "patient": str(who.pk)}).content.decode()
    assert "the calendar" in page
    assert "the inbox of requests" not in page
    seen = Entry.objects.get(what="audit-log", actor_id=boss.pk)
    assert (seen.patient_id, seen.changes) == (who.pk, {"filters": ["actor", "patient"]})
    assert "No entry fits" in client.get(reverse("audit-log"), {"since": "2199-01-01"}).content.decode()
    assert client.get(reverse("audit-log"), {"patient": "nonsense"}).status_code == 404
    assert _as(cast.receptionist()).get(reverse("audit-log")).status_code == 403


def test_signing_in_and_failing_to_are_recorded_without_what_was_typed() -> None:
    me = cast.patient(account=True)
    assert me.user is not None
    EmailAddress.objects.create(user=me.user, email=me.user.email, verified=True, primary=True)
    client = Client()
    login = reverse("account_login")
    client.post(login, {"login": me.user.email.upper(), "password": "wrong horse"})
    client.post(login, {"login": "nobody@example.com", "password": "wrong horse"})
    client.post(login, {"login": me.user.email, "password": cast.PASSWORD})
    rows = list(Entry.objects.filter(what="sign-in").order_by("id"))
    assert [(row.action, row.subject_id, row.actor_id, row.patient_id) for row in rows] == [
        ("sign-in refused", str(me.user.pk), None, me.pk),
        ("sign-in refused", "", None, None),
        ("sign-in", str(me.user.pk), me.user.pk, me.pk),
    ]
    assert "nobody@example.com" not in str([row.__dict__ for row in rows])
