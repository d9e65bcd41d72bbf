"""Every answer says what its page may load: nothing but our own, and no script or style within the page."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("path", "status"), [("/accounts/login/", 200), ("/desk/calendar/", 302), ("/nowhere/", 404)])
def test_every_answer_carries_the_policy(client: Any, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip())
    assert policy["object-src"] == "'none'"
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]
