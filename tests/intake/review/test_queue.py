"""The queue through the browser's door: order, tabs, filters, search, who may look, what is recorded."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from intake.models import Intake, Patient
from pacificmind.accounts.models import Clinician, RoleGrant
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from tests import cast, history
from tests.intake.review import people

pytestmark = pytest.mark.django_db
URL = reverse("review-queue")


@pytest.fixture
def doctor(client: Client) -> Clinician:
    made = cast.prescriber()
    client.force_login(made.user)
    return made


def named(name: str, *, days_ago: int = 0, at: str = "la") -> Intake:
    """A submitted intake of a patient with this family name."""
    site = cast.site() if at == "la" else cast.other_site()
    intake = people.answered(cast.patient(site, family_name=name))
    history.rewrite(Intake.objects.filter(pk=intake.pk), submitted_at=now() - timedelta(days=days_ago))
    return intake


def listed(client: Client, query: str = "", q: str | None = None) -> list[str]:
    """Family names on the page, in order; `q` is looked for by the form."""
    page = client.get(URL + query) if q is None else client.post(URL + query, {"q": q})
    return [row.patient.family_name for row in page.context["rows"]]


def test_urgent_first_then_contraindications_then_the_oldest(client: Client, doctor: Clinician) -> None:
    named("New")
    named("Old", days_ago=9)
    people.contraindicated(named("Contra"))
    people.alert(named("Today").patient, "URGENT-1")
    people.alert(named("Now").patient, "URGENT-2")
    assert listed(client) == ["Now", "Today", "Contra", "Old", "New"]


def test_what_does_not_wait_is_not_listed(client: Client, doctor: Clinician) -> None:
    people.sign(doctor, named("Decided"))
    people.answered(cast.patient(family_name="Answering"), sent=False)
    named("Elsewhere", at="lb")
    Patient.objects.filter(pk=named("Closed").patient_id).update(status="closed", closed_why="moved")
    older = named("Twice", days_ago=3)
    newer = people.answered(older.patient, number=2)
    assert listed(client) == ["Twice"]
    assert [row.pk for row in client.get(URL).context["rows"]] == [newer.pk]


def test_the_tabs_say_how_many_and_show_their_own(client: Client, doctor: Clinician) -> None:
    waits = named("Waits")
    people.sign(doctor, waits, decision="more_information", words="Please send the ECG.")
    again = named("Again")
    people.sign(doctor, again, decision="more_information", words="Please send the ECG.")
    people.answered(again.patient, number=2)
    people.sign(doctor, named("Cleared"))
    assert listed(client) == ["Again"]
    assert listed(client, "?tab=waiting") == ["Waits"]
    assert set(listed(client, "?tab=decided")) == {"Cleared", "Again", "Waits"}
    assert [tab.count for tab in client.get(URL).context["tabs"]] == [1, 1, 3]


def test_flags_sites_and_names_narrow_it(client: Client, doctor: Clinician) -> None:
    RoleGrant.objects.create(user=doctor.user, role="clinician", site=cast.other_site())
    people.contraindicated(named("Contra"))
    people.alert(named("Alert").patient, "URGENT-1")
    named("Beach", at="lb")
    assert listed(client, "?flag=contra") == ["Contra"]
    assert listed(client, "?flag=alert") == ["Alert"]
    assert listed(client, "?site=lb") == ["Beach"]
    assert listed(client, q="ana bea") == ["Beach"]
    assert listed(client, "?site=lb", q="ana") == ["Beach"]
    assert listed(client, q="\0") == ["Alert", "Contra", "Beach"]
    assert len(listed(client, "?q=beach")) == 3, "a name in an address means nothing"
    assert len(listed(client, "?flag=nonsense&site=moon&tab=x&page=99")) == 3


def test_the_empty_states_say_what_would_fill_them(client: Client, doctor: Clinician) -> None:
    for query, words in {
        "": "Nothing waits for a decision",
        "?tab=waiting": "Nobody was asked for more",
        "?tab=decided": "No decisions in the last 30 days",
    }.items():
        assert words in client.get(URL + query).content.decode()
    assert "Nothing fits this search" in client.post(URL, {"q": "nobody"}).content.decode()


def test_each_patient_on_the_list_is_recorded(client: Client, doctor: Clinician) -> None:
    patients = {named("One").patient_id, named("Two").patient_id}
    client.get(URL)
    assert set(Entry.objects.filter(what="review-queue").values_list("patient_id", flat=True)) == patients


def test_the_number_of_queries_does_not_grow_with_the_list(client: Client, doctor: Clinician) -> None:
    def queries() -> int:
        return len(people.queries_of(lambda: client.get(URL)))

    people.contraindicated(named("One"))
    one = queries()
    for name in ("Two", "Three"):
        people.alert(named(name).patient)
    assert queries() == one
    assert one <= 16


@pytest.mark.parametrize("role", ["patient", "front_desk", "manager"])
def test_only_clinicians_read_it(client: Client, role: str) -> None:
    named("Secret")
    client.force_login(cast.user(role))
    answer = client.get(URL)
    assert answer.status_code == 403
    assert "Secret" not in answer.content.decode()
    assert not Entry.objects.filter(what="review-queue").exists()
