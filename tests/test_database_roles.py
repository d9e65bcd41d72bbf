"""The serving role can serve and cannot rewrite what was recorded (RELIABILITY M15)."""

import pytest
from django.db import ProgrammingError, connection, transaction

from pacificmind.audit.models import Action, Entry
from pacificmind.audit.services import record


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET what = 'nothing'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_seal",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "CREATE TABLE extra (id int)",
        "DROP TABLE audit_entry",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('audit', '9999', now())",
    ],
)
def test_the_serving_role_cannot_rewrite_the_record(statement: str) -> None:
    record(Action.VIEW, "a page", by=None)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Entry.objects.get().what == "a page"


@pytest.mark.django_db
def test_an_entry_knows_the_transaction_that_wrote_it() -> None:
    record(Action.VIEW, "a page", by=None)
    entry = Entry.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert cursor.fetchone() == (entry.xid,)
