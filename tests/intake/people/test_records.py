"""What was typed is read; one person is entered once, also by two desks at the same moment; a booking ends the wait."""

import threading
from datetime import date

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import Client

from intake.domain.people import Looked, RecordChanged, look
from intake.models import ConsultationRequest, Patient
from intake.services import inbox
from intake.services.patients import Details, PossiblyKnown, edit_contact, enter_patient
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.tasks.models import Kind, Queue, Task
from pacificmind.tasks.services import open_task
from tests import cast

TODAY = date(2026, 11, 23)
BORN = date(1985, 4, 12)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Núñez, Ana", Looked(("nunez", "ana"))),
        ("1985-04-12", Looked(birth_on=BORN)),
        ("4/12/1985", Looked(birth_on=BORN)),
        ("04.12.85", Looked(birth_on=BORN)),
        ("4-12-1985", Looked(birth_on=BORN)),
        ("April 12, 1985", Looked(birth_on=BORN)),
        ("12 apr 1985", Looked(birth_on=BORN)),
        ("1/2/26", Looked(birth_on=date(2026, 1, 2))),
        ("1/2/27", Looked(birth_on=date(1927, 1, 2))),
        ("2/30/1985", Looked(unread="2/30/1985")),
        ("(213) 555-0142", Looked(digits="2135550142")),
        ("+1 213.555.0142", Looked(digits="2135550142")),
        ("0142", Looked(digits="0142")),
        ("142", Looked()),
        ("ana 213-555-0142 4/12/1985", Looked(("ana",), "2135550142", BORN)),
        ("%_ \U0001f33f", Looked()),
        ("", Looked()),
    ],
)
def test_what_was_typed_is_read(typed: str, found: Looked) -> None:
    assert look(typed, today=TODAY) == found


def details(**extra: str) -> Details:
    values = {"given_name": "Noa", "family_name": "Berg", "phone": "+12135550123", "site_id": "la", **extra}
    return Details(birth_on=BORN, **values)


@pytest.mark.django_db(transaction=True)
def test_two_desks_at_once_enter_one_person_once() -> None:
    desks, start, told = [cast.receptionist() for _ in range(6)], threading.Barrier(6), []

    def enter(desk: User) -> None:
        try:
            start.wait()
            enter_patient(by=desk, details=details())
        except PossiblyKnown as known:
            told.append([one.name for one in known.like])
        finally:
            connection.close()

    threads = [threading.Thread(target=enter, args=[desk]) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Patient.objects.count() == 1
    assert told == [["Noa Berg"]] * 5


@pytest.mark.django_db(transaction=True)
def test_of_two_corrections_at_once_one_is_told() -> None:
    who, desks, start, told = cast.patient(), [cast.receptionist() for _ in range(4)], threading.Barrier(4), []

    def correct(desk: User, name: str) -> None:
        try:
            start.wait()
            edit_contact(by=desk, patient_id=who.pk, version=1, details=details(given_name=name))
        except RecordChanged:
            told.append(name)
        finally:
            connection.close()

    threads = [threading.Thread(target=correct, args=[desk, f"Name{n}"]) for n, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    who.refresh_from_db()
    assert (len(told), who.version) == (3, 2)
    assert who.given_name not in told


@pytest.mark.django_db(transaction=True)
def test_somebody_of_the_other_site_is_told_by_name_and_site_alone() -> None:
    there = cast.patient(cast.other_site(), given_name="Uma", family_name="Voss", phone="+12135550123", birth_on=BORN)
    with pytest.raises(PossiblyKnown) as known:
        enter_patient(by=cast.receptionist(), details=details(email=there.email))
    (like,) = known.value.like
    assert (like.name, like.site, like.patient_id, like.birth_on) == ("Uma Voss", "Long Beach", None, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("email_alone", [True, False])
def test_less_than_telephone_and_birth_date_tells_nothing_of_the_other_site(email_alone: bool) -> None:
    there = cast.patient(cast.other_site(), phone="+12135559999" if email_alone else "+12135550123")
    if not email_alone:
        Patient.objects.filter(pk=there.pk).update(birth_on=date(1999, 9, 9))
    made = enter_patient(by=cast.receptionist(), details=details(email=there.email))
    assert made.pk != there.pk


@pytest.mark.django_db(transaction=True)
def test_only_the_desk_of_the_site_enters_and_corrects() -> None:
    who = cast.patient()
    for by in (cast.receptionist(cast.other_site()), cast.clinician().user, cast.manager()):
        with pytest.raises(PermissionDenied):
            enter_patient(by=by, details=details())
        with pytest.raises(PermissionDenied):
            edit_contact(by=by, patient_id=who.pk, version=1, details=details())
    assert list(Patient.objects.values_list("version", flat=True)) == [1]


@pytest.mark.django_db(transaction=True)
def test_a_booked_consultation_ends_the_wait_for_a_call_and_not_the_clinicians_task() -> None:
    who = cast.patient()
    row = ConsultationRequest.objects.create(
        site=who.site, patient=who, given_name="Ana", family_name="Reyes", phone="+12135550123", needs_person=True
    )
    for kind in (Kind.REQUEST_CALL_BACK, Kind.REQUEST_IN_CRISIS):
        open_task(kind, subject_type="x", subject_id=row.pk, queue=Queue.FRONT_DESK, due_at=now())
    with transaction.atomic():
        assert inbox.mark_booked(patient_id=who.pk, by=None) == 1
        assert inbox.mark_booked(patient_id=who.pk, by=None) == 0
    row.refresh_from_db()
    assert (row.status, row.version) == ("booked", 2)
    assert Task.objects.get(done_at__isnull=True).kind == Kind.REQUEST_IN_CRISIS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("verified", "begins_with"), [(True, "la"), (False, "lb")])
def test_the_form_about_oneself_begins_with_the_clinic_that_was_asked(verified: bool, begins_with: str) -> None:
    """Whoever asked Los Angeles and did not look closely would have become a patient of Long Beach."""
    cast.other_site()
    user = cast.user("patient")
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": verified, "primary": True})
    ConsultationRequest.objects.create(
        site=cast.site(), given_name="Ana", family_name="Reyes", email=user.email.upper()
    )
    client = Client()
    client.force_login(user)
    page = client.get("/about-you/")
    assert page.context["form"]["site"].value() == begins_with
