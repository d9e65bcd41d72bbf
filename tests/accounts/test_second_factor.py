"""Staff reach nothing without a second factor, outside the demo; patients may do without."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from tests import cast
from tests.scheduling.people.test_pages import signed_in

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/"


@pytest.fixture
def production(settings: Any) -> None:
    settings.DEMO = False


def _six_digits(secret: str) -> str:
    digits: str = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
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
