"""The patients' pages, through the browser's door: who may, what is shown, what is recorded."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from intake.models import Patient, SafetyAlert
from pacificmind.accounts.models import User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from scheduling.models import Appointment
from scheduling.queries import people
from scheduling.services import booking
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.scheduling.people.conftest import signed_in, wish

pytestmark = pytest.mark.django_db(transaction=True)
INBOX = "/desk/inbox/"
FIND = "/desk/patients/"


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("garc", ["García-Ruiz"]),
        ("ruiz", ["García-Ruiz"]),
        ("GARCÍA ines", ["García-Ruiz"]),
        ("2135550001", ["García-Ruiz"]),
        ("+1 (213) 555-0001", ["García-Ruiz"]),
        ("0001", ["García-Ruiz"]),
        ("4/12/1985", ["Garner", "García-Ruiz"]),
        ("1985-04-12 garner", ["Garner"]),
        ("apr 12 1985 gar", ["Garner", "García-Ruiz"]),
        ("zz", []),
        ("%", None),
    ],
)
def test_a_patient_is_found_by_name_telephone_and_date_of_birth(
    client: Client, typed: str, names: list[str] | None
) -> None:
    cast.patient(given_name="Inés", family_name="García-Ruiz", phone="+12135550001")
    cast.patient(given_name="Tom", family_name="Garner", phone="+12135550002")
    found = client.post(FIND, {"typed": typed}).context.get("found")
    assert (sorted(p.family_name for p in found.patients) if found else None) == (sorted(names) if names else names)


def test_a_name_written_wrongly_finds_similar_ones_and_says_so(client: Client) -> None:
    cast.patient(given_name="Katharine", family_name="Johansson")
    page = client.post(FIND, {"typed": "Johanson"}).content.decode()
    assert "Nobody is written like this" in page
    assert "Johansson" in page


def test_the_other_sites_patient_is_told_by_name_and_site_alone_for_an_exact_match(client: Client) -> None:
    there = cast.patient(cast.other_site(), given_name="Uma", family_name="Voss", phone="+12135559999")
    assert "Voss" not in client.post(FIND, {"typed": "voss"}).content.decode()
    assert "Voss" not in client.post(FIND, {"typed": "2135559999"}).content.decode()
    page = client.post(FIND, {"typed": "213 555 9999, 4/12/1985"}).content.decode()
    assert "Uma Voss, Long Beach" in page
    assert str(there.pk) not in page
    assert there.email not in page
    assert Entry.objects.filter(what="desk-patients-other-site", patient_id=there.pk).count() == 1
    assert client.get(f"{FIND}{there.pk}/").status_code == 404


def test_a_patient_treated_at_both_sites_is_seen_by_both_desks() -> None:
    cast.visit_types()
    here, there = cast.site(), cast.other_site()
    cast.room(there)
    cast.prescriber(there)
    who, desk = cast.patient(here), cast.receptionist(there)
    client = signed_in(desk)
    assert client.get(f"{FIND}{who.pk}/").status_code == 404
    booking.book(by=desk, wish=Wish(patient_id=who.pk, kind="consultation", site_id="lb", starts_at=weekday_at(9)))
    assert client.get(f"{FIND}{who.pk}/").status_code == 200
    assert client.get(f"{FIND}{who.pk}/edit/").status_code == 404


def test_the_patients_page_says_ready_or_ask_the_clinician_and_nothing_clinical(client: Client, desk: User) -> None:
    doctor = cast.prescriber()
    who, _ = cast.ready_patient(doctor)
    assert "Ready" in client.get(f"{FIND}{who.pk}/").content.decode()
    SafetyAlert.objects.create(
        patient=who, site=who.site, tier="URGENT-2", trigger="asq", value="secret-value", acknowledge_by=now()
    )
    page = client.get(f"{FIND}{who.pk}/").content.decode()
    assert "Ask the clinician" in page
    assert "secret-value" not in page
    assert "alert" not in page.split("<main")[1].split("</main>")[0].lower().replace('role="alert"', "")
    assert Entry.objects.filter(what="desk-patient", patient_id=who.pk, actor_id=desk.pk).count() == 2


def entered(**extra: Any) -> dict[str, Any]:
    return {
        "request_id": uuid.uuid4(),
        "given_name": "Noa",
        "family_name": "Berg",
        "birth_on": "1979-01-31",
        "phone": "213 555 0123",
        "site": "la",
        "language": "en",
        **extra,
    }


def test_visits_are_links_at_the_sites_of_the_reader_alone(client: Client, desk: User) -> None:
    cast.visit_types()
    who = cast.patient()
    for number, site in enumerate((cast.site(), cast.other_site())):
        room, doctor = cast.room(site), cast.prescriber(site)
        for days, status in ((-3 - number, "noshow"), (3 + number, "booked")):
            start = now() + timedelta(days=days)
            Appointment.objects.create(
                patient=who,
                kind="consultation",
                site=site,
                zone=site.zone,
                clinician=doctor,
                room=room,
                lanes=(0, 2),
                starts_at=start,
                ends_at=start + timedelta(hours=1),
                room_free_at=start + timedelta(hours=1),
                status=status,
            )
    page = client.get(reverse("desk-patient", args=[who.pk])).content.decode()
    for visit in Appointment.objects.all():
        assert (f'href="/desk/visits/{visit.pk}/"' in page) is (visit.site_id == cast.site().pk)


def test_of_many_past_visits_the_page_says_that_there_are_more_and_shows_all(client: Client, desk: User) -> None:
    cast.visit_types()
    who, room, doctor = cast.patient(), cast.room(), cast.prescriber()
    for days in range(1, 32):
        start = now() - timedelta(days=days)
        Appointment.objects.create(
            patient=who, kind="consultation", site=who.site, zone=who.site.zone, clinician=doctor, room=room,
            lanes=(0, 2), starts_at=start, ends_at=start + timedelta(hours=1),
            room_free_at=start + timedelta(hours=1), status="noshow",
        )  # fmt: skip
    url = reverse("desk-patient", args=[who.pk])
    page, whole = (client.get(url, told).content.decode() for told in ({}, {"all": "1"}))
    assert "30 are shown; there are more" in page
    assert "there are more" not in whole
    assert whole.count("/desk/visits/") == page.count("/desk/visits/") + 1


def test_nobody_is_ready_for_a_visit_once_the_record_is_closed(client: Client) -> None:
    who = cast.patient()
    page = reverse("desk-patient", args=[who.pk])
    assert "Ask the clinician" in client.get(page).content.decode()
    Patient.objects.update(status=Patient.Status.CLOSED, closed_why=Patient.Closed.DIED)
    closed = client.get(page).content.decode()
    assert "Ask the clinician" not in closed
    assert "Ready" not in closed


def test_a_patient_is_entered_without_mail_or_account_once(client: Client) -> None:
    data = entered()
    first, again = client.post(f"{FIND}new/", data), client.post(f"{FIND}new/", data)
    who = Patient.objects.get()
    assert first["Location"] == again["Location"] == f"{FIND}{who.pk}/"
    assert (str(who.phone), who.email, who.user_id) == ("+12135550123", "", None)
    assert Entry.objects.filter(what="enter patient", patient_id=who.pk).count() == 1


def test_somebody_known_is_shown_and_saved_only_when_it_is_somebody_else(client: Client) -> None:
    cast.patient(given_name="Noa", family_name="Bérg", birth_on=date(1979, 1, 31))
    data = entered()
    page = client.post(f"{FIND}new/", data).content.decode()
    assert "This is somebody else: save" in page
    assert 'value="Noa"' in page
    assert Patient.objects.count() == 1
    client.post(f"{FIND}new/", {**data, "somebody_else": "1"})
    assert Patient.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "extra", "words"),
    [
        ("birth_on", {"birth_on": "1899-12-31"}, "in the past, after 1900"),
        ("birth_on", {"birth_on": "2999-01-01"}, "in the past, after 1900"),
        ("phone", {"phone": ""}, "a telephone number or an e-mail"),
        ("site", {"site": "lb"}, "choose one"),
        ("given_name", {"given_name": "No\0a"}, "unreadable"),
        ("family_name", {"family_name": "x" * 10_000}, "shorten"),
    ],
)
def test_what_cannot_be_a_patient_is_said_beside_its_field(
    client: Client, field: str, extra: dict[str, Any], words: str
) -> None:
    cast.other_site()
    answer = client.post(f"{FIND}new/", entered(**extra))
    assert list(answer.context["form"].errors) == [field]
    assert words in answer.content.decode()
    assert Patient.objects.count() == 0


def test_contact_is_corrected_and_a_change_between_is_told(client: Client) -> None:
    who = cast.patient()
    data = entered(version=1, preferred_name="No", given_name="Noa 🌿")
    assert client.post(f"{FIND}{who.pk}/edit/", data).status_code == 302
    who.refresh_from_db()
    assert (who.given_name, who.version) == ("Noa 🌿", 2)
    changes = Entry.objects.get(what="edit contact").changes
    assert "given_name" in changes["fields"]
    assert "Noa" not in str(changes)
    stale = client.post(f"{FIND}{who.pk}/edit/", entered(version=1, given_name="Other"))
    assert "Somebody else changed this meanwhile" in stale.content.decode()
    assert 'value="Other"' in stale.content.decode()
    who.refresh_from_db()
    assert who.given_name == "Noa 🌿"


def queries(client: Client, address: str, data: dict[str, Any] | None = None) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as found:
        client.post(address, data) if data else client.get(address)
    return len(found)


def test_lists_take_as_many_queries_for_three_as_for_one(client: Client, desk: User) -> None:
    cast.visit_types()
    cast.room()
    cast.prescriber()
    who = cast.patient(family_name="Same")
    wish(patient=who)
    booking.book(by=desk, wish=Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=weekday_at(9)))
    pages: list[tuple[str, dict[str, Any] | None]] = [
        (f"{INBOX}?state=booked", None),
        (FIND, {"typed": "same"}),
        (f"{FIND}{who.pk}/", None),
    ]
    client.get(INBOX)  # the first request of a minute also moves the session's end on
    one = [queries(client, *page) for page in pages]
    for n in (1, 2):
        cast.patient(family_name="Same")
        wish(patient=who)
        at = weekday_at(9 + 2 * n)  # the room turns over in between
        booking.book(by=desk, wish=Wish(patient_id=who.pk, kind="consultation", site_id="la", starts_at=at))
    assert people.counts(people.requests_of(desk))["booked"] == 3
    assert [queries(client, *page) for page in pages] == one
