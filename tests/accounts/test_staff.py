"""Staff: an invitation opens once and not for ever, access ends at once, a manager always remains."""

import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from pacificmind.accounts import invitations, services
from pacificmind.accounts.invitations import StaffRefused
from pacificmind.accounts.messages import STAFF_INVITATION, tokens_of
from pacificmind.accounts.models import Clinician, Invitation, User
from pacificmind.accounts.services import Staff
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Void, Words
from pacificmind.tasks.models import Kind, Task
from scheduling.services import booking, staffing
from scheduling.services.booking import Wish
from tests import cast
from tests.calendar import weekday_at
from tests.scheduling.people.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a long and quiet river"
NURSE = Staff(name="Ana Ruiz", grants=(("clinician", "la"),), credentials="RN", attends_infusions=True, lanes=3)


@pytest.fixture
def boss() -> User:
    cast.site()
    return cast.manager()


def invited(boss: User) -> tuple[User, str]:
    user = services.invite_staff(by=boss, email="Ana@Clinic.example", staff=NURSE)
    return user, tokens_of(Invitation.objects.get(user=user, used_at=None).pk)[0]


def rendered(user: User) -> Words | Void:
    message = Message.objects.filter(purpose=STAFF_INVITATION, recipient_id=user.pk).order_by("-made_at")[0]
    purpose = registry.get(STAFF_INVITATION)
    assert purpose is not None
    found = purpose.render(message)
    assert isinstance(found, Words | Void)
    return found


def form(**extra: Any) -> dict[str, Any]:
    return {
        "request_id": uuid.uuid4(),
        "email": "ana@clinic.example",
        "name": "Ana Ruiz",
        "clinician": ["la"],
        "credentials": "RN",
        "attends_infusions": "on",
        "lanes": "3",
        **extra,
    }


def test_an_invited_clinician_gets_a_mail_sets_a_password_once_and_signs_in(boss: User) -> None:
    assert signed_in(boss).post("/manage/staff/invite/", form()).status_code == 302
    user = User.objects.get(email="ana@clinic.example")
    assert (set(user.roles), set(user.sites("clinician"))) == ({"clinician"}, {"la"})
    assert not user.has_usable_password()
    assert Clinician.objects.get(user=user).lanes == 3
    words = rendered(user)
    assert isinstance(words, Words)
    path = words.context["path"]
    assert path.split("/")[2] not in str(Invitation.objects.values_list("token_hash", flat=True))
    new = Client()
    assert new.get(path)["Location"] == "/invitation/"
    assert "15 characters" in new.post("/invitation/", {"password": "too short"}).content.decode()
    assert new.post("/invitation/", {"password": PASSWORD})["Location"] == "/accounts/login/"
    again = Client()
    again.get(path)
    assert again.get("/invitation/").status_code == 410
    login = new.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert login.status_code == 302
    assert new.session["_auth_user_id"] == str(user.pk)
    assert Entry.objects.filter(what="accept invitation", actor_id=user.pk).count() == 1
    assert isinstance(rendered(user), Void)


def test_opening_the_link_uses_nothing_up(boss: User) -> None:
    _, token = invited(boss)
    for _ in range(2):
        scanner = Client()
        scanner.get(f"/invitation/{token}/")
        assert scanner.get("/invitation/").status_code == 200


def test_a_link_that_is_late_changed_or_replaced_opens_nothing(boss: User) -> None:
    user, token = invited(boss)
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase(), "x"):
        with pytest.raises(StaffRefused, match="does not work any more"):
            invitations.accept_invitation(token=wrong, password=PASSWORD)
    services.invite_again(by=boss, user_id=user.pk)
    with pytest.raises(StaffRefused):
        invitations.accept_invitation(token=token, password=PASSWORD)
    newer = Invitation.objects.get(user=user, used_at=None)
    Invitation.objects.filter(pk=newer.pk).update(made_at=now() - timedelta(days=8), expires_at=now())
    with pytest.raises(StaffRefused):
        invitations.accept_invitation(token=tokens_of(newer.pk)[0], password=PASSWORD)
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_a_patients_invitation_is_no_way_into_staff(boss: User) -> None:
    key = uuid.uuid4()
    from pacificmind.accounts.messages import token_hash

    Invitation.objects.create(
        id=key,
        email="p@example.com",
        patient_id=cast.patient().pk,
        token_hash=token_hash(tokens_of(key)[0]),
        expires_at=now() + timedelta(days=1),
    )
    assert invitations.invitation_of(tokens_of(key)[0]) is None


def test_the_link_survives_a_new_key_while_the_old_one_is_kept(boss: User) -> None:
    from django.conf import settings

    user, token = invited(boss)
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[old]):
        words = rendered(user)
        assert isinstance(words, Words)
        assert token in words.context["path"]
    with override_settings(SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[]):
        assert isinstance(rendered(user), Void)


def test_the_mail_names_no_specialty(boss: User) -> None:
    user, _ = invited(boss)
    words = rendered(user)
    assert isinstance(words, Words)
    assert not re.search(r"ketamine|infusion|depress|psych", f"{words.subject} {words.context['lines']}", re.IGNORECASE)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"clinician": [], "attends_infusions": ""}, "front_desk"),
        ({"attends_infusions": ""}, "is_prescriber"),
        ({"lanes": "13"}, "lanes"),
        ({"email": "nobody"}, "email"),
        ({"clinician": ["mars"]}, "clinician"),
    ],
)
def test_what_cannot_be_invited_is_told_beside_its_field(boss: User, extra: dict[str, Any], field: str) -> None:
    answer = signed_in(boss).post("/manage/staff/invite/", form(**extra))
    assert field in answer.context["form"].errors
    assert User.objects.count() == 1


def test_an_address_is_invited_once(boss: User) -> None:
    client = signed_in(boss)
    data = form()
    assert client.post("/manage/staff/invite/", data).status_code == 302
    assert client.post("/manage/staff/invite/", data).status_code == 302  # a double click
    taken = client.post("/manage/staff/invite/", form(email="ANA@clinic.example"))
    assert "has an account already" in str(taken.context["form"].errors["email"])
    assert (User.objects.count(), Message.objects.filter(purpose=STAFF_INVITATION).count()) == (2, 1)


def test_when_access_ends_the_open_page_ends_too_and_visits_are_handed_on(boss: User) -> None:
    cast.visit_types()
    cast.room()
    doctor = cast.prescriber()
    visit = booking.book(
        by=None,
        wish=Wish(patient_id=cast.patient().pk, kind="consultation", site_id="la", starts_at=weekday_at(9)),
    )
    theirs = signed_in(doctor.user)
    assert theirs.get("/desk/inbox/").status_code == 200
    key = theirs.session.session_key
    shown = signed_in(boss).post(f"/manage/staff/{doctor.user_id}/end/", {"request_id": uuid.uuid4()})
    assert [one.pk for one in shown.context["hit"]] == [visit.pk]
    assert theirs.get("/desk/inbox/").status_code == 200
    signed_in(boss).post(f"/manage/staff/{doctor.user_id}/end/", {"request_id": uuid.uuid4(), "confirm": "1"})
    assert theirs.get("/desk/inbox/")["Location"].startswith("/accounts/login/")
    assert key is not None
    assert not theirs.session.exists(key)
    assert Task.objects.filter(kind=Kind.VISIT_TO_MOVE, subject_id=visit.pk).count() == 1
    assert not Client().login(email=doctor.user.email, password=cast.PASSWORD)
    services.open_account(by=boss, user_id=doctor.user_id)
    assert Client().login(email=doctor.user.email, password=cast.PASSWORD)


def test_nobody_ends_their_own_access_and_one_manager_remains(boss: User) -> None:
    with pytest.raises(StaffRefused, match="your own access"):
        staffing.end_access(by=boss, user_id=boss.pk)
    desk = Staff(name="Boss", grants=(("front_desk", "la"),))
    seen = services.seen_staff(services.staff_as_is(boss))
    with pytest.raises(StaffRefused, match="only manager"):
        services.change_staff(by=boss, user_id=boss.pk, seen=seen, staff=desk)
    cast.manager()
    services.change_staff(by=boss, user_id=boss.pk, seen=seen, staff=desk)
    assert User.objects.get(pk=boss.pk).roles == {"front_desk"}


def test_roles_change_and_a_change_between_is_told(boss: User) -> None:
    desk = cast.receptionist()
    seen = services.seen_staff(services.staff_as_is(desk))
    cast.other_site()
    both = Staff(name="Kim", grants=(("front_desk", "la"), ("front_desk", "lb")))
    services.change_staff(by=boss, user_id=desk.pk, seen=seen, staff=both)
    assert User.objects.get(pk=desk.pk).sites("front_desk") == {"la", "lb"}
    assert Entry.objects.get(what="change staff").changes["fields"] == ["grants", "name"]
    with pytest.raises(StaffRefused, match="Somebody else changed"):
        services.change_staff(by=boss, user_id=desk.pk, seen=seen, staff=NURSE)


def test_only_managers_change_staff_and_a_patients_account_is_not_theirs(boss: User) -> None:
    with pytest.raises(PermissionDenied):
        services.invite_staff(by=cast.receptionist(), email="x@example.com", staff=NURSE)
    who = cast.patient(account=True)
    assert who.user is not None
    with pytest.raises(PermissionDenied):
        services.change_staff(by=boss, user_id=who.user.pk, seen="", staff=NURSE)
    assert User.objects.get(pk=who.user.pk).roles == {"patient"}


# ---- the first manager ----------------------------------------------------------------------------------------


def test_the_first_manager_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nnot this line\n")
    call_command("make_manager", "First@Clinic.example", name="First", password_file=file)
    call_command("make_manager", "first@clinic.example")
    assert "nothing to do" in capsys.readouterr().out
    user = User.objects.get()
    assert (user.email, user.name, set(user.roles)) == ("first@clinic.example", "First", {"manager"})
    assert user.check_password(PASSWORD)
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert browser.session["_auth_user_id"] == str(user.pk)


def test_the_first_manager_can_get_a_link_instead() -> None:
    call_command("make_manager", "first@clinic.example", send_link=True)
    user = User.objects.get()
    assert isinstance(rendered(user), Words)
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [("nobody", PASSWORD, "not an e-mail"), ("a@example.com", "short", "at least 15"), ("a@example.com", None, "read")],
)
def test_what_makes_no_manager_is_said(tmp_path: Path, email: str, password: str | None, words: str) -> None:
    file = tmp_path / "password"
    if password is not None:
        file.write_text(password)
    with pytest.raises(CommandError, match=words):
        call_command("make_manager", email, name="N", password_file=file)
    assert User.objects.count() == 0
