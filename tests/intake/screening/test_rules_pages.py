"""The page of the clinic's rules: who reads, proposes, signs; and what is typed comes back where it is refused."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.domain import library
from intake.forms.rules import GROUPS, RulesForm
from intake.models import RulesRevision
from intake.queries.rules import policy_now
from pacificmind.accounts.models import Clinician, User
from tests import cast
from tests.intake.review.people import queries_of

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, PROPOSE = "clinic-rules", "clinic-rules-propose"


@pytest.fixture
def manager(client: Client) -> User:
    made = cast.manager()
    client.force_login(made)
    return made


@pytest.fixture
def doctor() -> Clinician:
    return cast.prescriber()


def filled(client: Client, **changed: Any) -> dict[str, Any]:
    """The form as it is shown, with changes."""
    form: RulesForm = client.get(reverse(PROPOSE)).context["form"]
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {**{name: "" if value is None else value for name, value in values.items()}, "why": "So.", **changed}


def test_every_number_that_may_change_stands_in_one_group_of_the_form() -> None:
    starts = [start for _, found in GROUPS for start in found]
    for name, limit in library.policy().limits.items():
        assert limit.fixed or sum(name.startswith(start) for start in starts) == 1, name


def test_a_change_goes_from_the_form_to_the_signature_and_into_force(
    client: Client, manager: User, doctor: Clinician
) -> None:
    sent = client.post(
        reverse(PROPOSE),
        filled(
            client,
            pcl5_positive="31",
            bmi_high="32.5",
            off=["D32"],
            words="D61: Our leaflet.",
            doses="Venlafaxine: 150\n\n sertraline : 50 mg ",
        ),
    )
    assert sent.status_code == 302, sent.context["form"].errors
    proposed = RulesRevision.objects.get()
    assert proposed.thresholds == {"pcl5_positive": 31, "bmi_high": 32.5}
    assert proposed.doses == {"venlafaxine": 150}
    body = client.get(reverse(PAGE)).content.decode()
    assert "It waits for the signature of a prescriber." in body
    client.force_login(doctor.user)
    body = client.get(reverse(PAGE)).content.decode()
    for words in (
        "PCL-5 positive from (points)",
        "32.5",
        "Least dose of venlafaxine",
        "Our leaflet.",
        "So.",
        "Your password, to sign",
    ):
        assert words in body
    wrong = client.post(reverse("clinic-rules-sign", args=[proposed.number]), {"password": "wrong"})
    assert "This is not your password" in wrong.content.decode()
    assert policy_now() is library.policy()
    client.post(reverse("clinic-rules-sign", args=[proposed.number]), {"password": cast.PASSWORD})
    assert policy_now().version.endswith("+clinic.1")
    body = client.get(reverse(PAGE)).content.decode()
    assert body.count("Changed here") == 3
    assert body.count("Off here") == 1
    assert f"signed by {doctor.user}" in body
    client.force_login(manager)
    form: RulesForm = client.get(reverse(PROPOSE)).context["form"]
    assert form.initial["off"] == ["D32"]
    assert form.initial["doses"] == "venlafaxine: 150"
    assert form.initial["words"] == "D61: Our leaflet."
    assert form.fields["bmi_high"].initial == "32.5"


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("pcl5_positive", "60", "38"),
        ("pcl5_positive", "", "pcl5_positive"),
        ("pcl5_positive", "many", "pcl5_positive"),
        ("pcl5_positive", "nan", "pcl5_positive"),
        ("words", "Older adult: our words", "Begin each line with a rule"),
        ("words", "D54: our words", "Begin each line with a rule"),
        ("words", "D61: {nothing} of ours", "names no number"),
        ("off", ["D01"], "Rules that are off"),
        ("from_on", "soon", "from_on"),
        ("why", "", "why"),
        ("doses", "venlafaxine 150", "Write each medicine once"),
        ("doses", "sertraline: 100\nsertraline: 150", "Write each medicine once"),
        ("doses", "sertraline: 100\nSertraline: 150", "Sertraline is there twice: write each medicine once"),
        ("words", "D61: Older adult\nD61: Our words", "D61 is there twice"),
        ("doses", "aspirin: 100", "Aspirin is not in the list of least doses"),
        ("doses", "sertraline: 9000", "must lie between 12.5 and 200"),
    ],
)
def test_what_cannot_be_comes_back_with_what_was_typed(
    client: Client, manager: User, field: str, typed: Any, says: str
) -> None:
    answer = client.post(reverse(PROPOSE), filled(client, **{"gad7_severe": "16", field: typed}))
    assert answer.status_code == 200
    assert answer.context["form"].errors
    body = answer.content.decode()
    assert says in body
    assert 'value="16"' in body
    assert not RulesRevision.objects.exists()


def test_the_same_form_twice_is_one_proposal_and_it_can_be_taken_back(client: Client, manager: User) -> None:
    form = filled(client, off=["D24"])
    assert [client.post(reverse(PROPOSE), form).status_code for _ in range(2)] == [302, 302]
    [proposed] = RulesRevision.objects.all()
    client.post(reverse("clinic-rules-drop", args=[proposed.number]), {"request_id": form["request_id"]})
    proposed.refresh_from_db()
    assert proposed.dropped_by == manager
    assert "Taken back by" in client.get(reverse(PAGE)).content.decode()


def test_a_clinician_reads_and_does_not_sign_and_the_front_desk_does_not_read(
    client: Client, manager: User, doctor: Clinician
) -> None:
    client.post(reverse(PROPOSE), filled(client, off=["D24"]))
    proposed = RulesRevision.objects.get()
    nurse = cast.clinician()
    client.force_login(nurse.user)
    assert "Your password, to sign" not in client.get(reverse(PAGE)).content.decode()
    denied = client.post(reverse("clinic-rules-sign", args=[proposed.number]), {"password": cast.PASSWORD})
    assert denied.status_code == 403
    client.force_login(cast.receptionist())
    assert client.get(reverse(PAGE)).status_code == 403


def test_the_page_reads_the_same_rows_however_many_changes_there_were(client: Client, manager: User) -> None:
    counts = []
    for _ in range(3):
        client.post(reverse(PROPOSE), filled(client, off=["D24"]))
        client.post(reverse("clinic-rules-drop", args=[RulesRevision.objects.latest("number").number]), filled(client))
        counts.append(len(queries_of(lambda: client.get(reverse(PAGE)))))
    assert counts[0] == counts[2]
