"""Who may be the same person: told by e-mail, telephone, or name and date of birth, each found by its own index."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake.queries.duplicates import Likeness, likely_the_same
from tests import cast

pytestmark = pytest.mark.django_db
BORN = date(1984, 6, 18)


def alike(**changes: Any) -> list[Likeness]:
    """Whom the desk of Los Angeles is shown for this person."""
    asked = {"given_name": "Zoe", "family_name": "QUINT", "birth_on": BORN, "email": "", "phone": "", "sites": ["la"]}
    return likely_the_same(**{**asked, **changes})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "Same date of birth"),
        ({"birth_on": None, "phone": "+12135559876"}, "Same telephone"),
        ({"birth_on": None, "email": "ZOE@example.com"}, "Same e-mail"),
        ({"birth_on": None}, None),
        ({"family_name": "Quist"}, None),
        ({"birth_on": None, "phone": "+12135559870", "email": "zoe@example.org"}, None),
    ],
)
def test_by_each_way_and_by_nothing_else(changes: dict[str, Any], why: str | None) -> None:
    cast.patient(given_name="Zoë", family_name="Quint", birth_on=BORN, phone="+12135559876", email="zoe@example.com")
    cast.patient(given_name="Zoë", family_name="Quill", birth_on=date(1984, 6, 19), phone="", email="")
    assert [one.why for one in alike(**changes)] == ([why] if why else [])


def test_another_site_tells_no_more_than_that_somebody_is_there() -> None:
    cast.patient(cast.other_site(), given_name="Zoë", family_name="Quint", birth_on=BORN, phone="+12135559876")
    assert alike() == []
    assert alike(phone="+12135559876", birth_on=None) == []
    (one,) = alike(phone="+12135559876")
    assert (one.patient_id, one.birth_on, one.site) == (None, None, "Long Beach")


def test_each_way_goes_by_its_index() -> None:
    with CaptureQueriesContext(connection) as seen:
        alike(phone="+12135559876", email="zoe@example.com")
    assert len(seen) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {seen.captured_queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "patients_by_last_digits" in plan
    assert "patients_by_birth" in plan
