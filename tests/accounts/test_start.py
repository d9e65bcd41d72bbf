"""Where a log-in leads: each role to its own work."""

from collections.abc import Callable

import pytest

from pacificmind.accounts.models import User
from tests import cast
from tests.scheduling.people.conftest import signed_in

pytestmark = pytest.mark.django_db


def _patient() -> User:
    user = cast.patient(account=True).user
    assert user
    return user


@pytest.mark.parametrize(("who", "leads"), [
    (cast.receptionist, "/desk/inbox/"),
    (lambda: cast.prescriber().user, "/review/"),
    (lambda: cast.clinician().user, "/desk/arrivals/"),
    (cast.manager, "/manage/"),
    (_patient, "/home/"),
    (cast.user, "/"),
])  # fmt: skip
def test_a_log_in_leads_to_the_work_of_the_role(who: Callable[[], User], leads: str) -> None:
    client = signed_in(who())
    answer = client.get("/start/")
    assert answer["Location"] == leads
    assert client.get(leads, follow=True).status_code == 200
