"""Staff reach nothing without a second factor, outside the demo; patients may do without."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from pacificmind.accounts.models import User
from pacificmind.accounts.second_factor import USED
from pacificmind.clock import unmoved
from tests import cast
from tests.scheduling.people.conftest import signed_in

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/"


@pytest.fixture
def production(settings: Any) -> None:
    settings.DEMO = False


def _six_digits(secret: str, *, seconds_ago: int = 0) -> str:
    """What the app shows; or showed, where its owner is slow or its clock is."""
    digits: str = format_hotp_value(hotp_value(secret, (int(unmoved().timestamp()) - seconds_ago) // 30))
    return digits


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("role", ["front_desk", "clinician", "manager"])
@pytest.mark.parametrize("path", ["/start/", "/tasks/", "/desk/inbox/", "/manage/", "/review/", "/"])
def test_staff_without_one_are_led_to_set_it_up(role: str, path: str) -> None:
    client = signed_in(cast.user(role, at=cast.site()))
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, SET_UP)


@pytest.mark.usefixtures("production")
def test_the_page_says_why_and_what_to_do() -> None:
    page = signed_in(cast.manager()).get(SET_UP).content.decode()
    assert "Set this up first" in page
    assert "/accounts/2fa/totp/activate/" in page


@pytest.mark.usefixtures("production")
def test_patients_may_do_without() -> None:
    user = cast.patient(account=True).user
    assert user is not None
    client = signed_in(user)
    assert client.get("/home/").status_code == 200
    assert "Set this up first" not in client.get(SET_UP).content.decode()


def test_the_demo_does_not_ask() -> None:
    assert signed_in(cast.receptionist()).get("/tasks/").status_code == 200


@pytest.mark.usefixtures("production")
def test_once_set_up_the_pages_open_and_the_next_sign_in_asks_for_it() -> None:
    """The whole way: password again, the square, six digits, recovery codes; then a new browser."""
    user = cast.manager()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    client = signed_in(user)
    activate = "/accounts/2fa/totp/activate/"
    again = client.get(activate)["Location"]
    assert "reauthenticate" in again
    client.post(again, {"password": cast.PASSWORD})
    secret = client.get(activate).context["form"].secret
    refused = client.post(activate, {"code": "000000"})
    assert refused.status_code == 200
    assert client.get("/manage/").status_code == 302, "a wrong code opens nothing"
    secret = refused.context["form"].secret
    codes = client.post(activate, {"code": _six_digits(secret)}, follow=True)
    assert "Recovery codes" in codes.content.decode()
    assert client.get("/manage/").status_code == 200

    other = Client()
    asked = other.post("/accounts/login/", {"login": user.email, "password": cast.PASSWORD})
    assert asked["Location"].startswith("/accounts/2fa/authenticate/")
    assert other.get("/manage/").status_code == 302, "the password alone opens nothing"
    unused = codes.context["unused_codes"][0]
    other.post("/accounts/2fa/authenticate/", {"code": unused})
    assert other.get("/manage/").status_code == 200


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AT_A_STEP = datetime(2027, 3, 9, 17, 0, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(AT_A_STEP, tick=False) as travel:
        yield travel


def _with_an_app() -> User:
    user = cast.manager()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    TOTP.activate(user, SECRET)
    return user


def _signs_in(user: User, code: str) -> tuple[bool, str]:
    """Whether these digits let them in from a new browser, and the page where not."""
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": cast.PASSWORD})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code})
    return answer.status_code == 302 and client.get("/manage/").status_code == 200, answer.content.decode()


@pytest.mark.usefixtures("production", "clock")
@pytest.mark.parametrize(("seconds_ago", "lets_in"), [(1, True), (30, True), (-30, True), (31, False), (-60, False)])
def test_digits_typed_as_they_change_or_by_a_phone_a_little_off_let_in(seconds_ago: int, lets_in: bool) -> None:
    user = _with_an_app()
    assert _signs_in(user, _six_digits(SECRET, seconds_ago=seconds_ago))[0] is lets_in


@pytest.mark.usefixtures("production")
def test_digits_let_in_once_for_as_long_as_they_would_count(clock: Any) -> None:
    """The library forgets used ones after 30 seconds; with a step to each side they count for 90."""
    user = _with_an_app()
    code = _six_digits(SECRET, seconds_ago=-30)
    assert _signs_in(user, code)[0]
    for _ in range(2):
        clock.shift(timedelta(seconds=31))
        entered, page = _signs_in(user, f"{code[:3]} {code[3:]}")
        assert not entered
        assert USED in page
    assert _signs_in(user, _six_digits(SECRET))[0], "the next ones do"


@pytest.mark.usefixtures("production", "clock")
def test_a_used_code_does_not_forgive_wrong_tries() -> None:
    """A right code clears the count of wrong ones: one seen over a shoulder must not buy more tries."""
    user = _with_an_app()
    code = _six_digits(SECRET)
    assert _signs_in(user, code)[0]
    for _ in range(5):
        assert not _signs_in(user, "000000")[0]
        _signs_in(user, code)
    assert not _signs_in(user, _six_digits(SECRET, seconds_ago=-30))[0], "five wrong ones in five minutes"
