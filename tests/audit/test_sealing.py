"""The chain over the record under many writers, and against somebody who owns the tables (RELIABILITY M13 to M15)."""

import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection, connections, transaction

from pacificmind.audit.models import Action, Entry, Seal
from pacificmind.audit.sealing import START, seal, verify
from pacificmind.audit.services import record, viewed

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def _as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount > 0, "the tampering itself must have happened"


def _three_seals() -> list[Seal]:
    made = []
    for n in range(3):
        for k in range(4):
            record(Action.VIEW, f"page {n} {k}", by=None, patient_id=uuid.uuid4(), changes={"fields": ["name", "née"]})
        made.append(_sealed())
    return made


def _sealed() -> Seal:
    """A seal over every row so far, as soon as the horizon has passed them.

    The horizon is the whole cluster's: a transaction of another database, another worker's test, holds it back too.
    """
    newest = Entry.objects.order_by("-xid").values_list("xid", flat=True)[0]
    end = time.monotonic() + 60
    while _horizon() <= newest:
        assert time.monotonic() < end
        time.sleep(0.02)
    made = seal()
    assert made is not None
    return made


def _horizon() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (xmin,) = cursor.fetchone() or (0,)
    return int(xmin)


def test_what_was_sealed_is_proven() -> None:
    seals = _three_seals()
    record(Action.VIEW, "too young", by=None)
    found = verify(seals[1].digest)
    assert (found.problem, found.rows, found.seals, found.unsealed, found.head) == ("", 12, 3, 1, seals[2].digest)
    assert [one.previous for one in seals] == [START, seals[0].digest, seals[1].digest]


def test_nothing_new_makes_no_seal() -> None:
    assert seal() is None
    _three_seals()
    assert seal() is None


EDIT = "UPDATE audit_entry SET what = 'nothing' WHERE what = 'page 1 2'"
DELETE = "DELETE FROM audit_entry WHERE what = 'page 1 2'"
SWAP = (
    "UPDATE audit_entry a SET what = b.what FROM audit_entry b"
    " WHERE (a.what, b.what) IN (('page 1 1', 'page 1 2'), ('page 1 2', 'page 1 1'))"
)
CUT_ROWS = "DELETE FROM audit_entry WHERE what = 'page 2 3'"
BACK_DATE = "UPDATE audit_entry SET at = at - interval '3 days' WHERE what = 'page 2 0'"
ADD = (
    "INSERT INTO audit_entry (at, xid, actor_roles, action, subject_type, subject_id, what, changes, reason, reference)"
    " SELECT at, xid, actor_roles, action, subject_type, subject_id, 'made up', changes, reason, reference"
    " FROM audit_entry WHERE what = 'page 1 2'"
)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        pytest.param(EDIT, r"rows 5 to 8 of seal 2: changed", id="edit"),
        pytest.param(DELETE, r"seal 2.*sealed were 4 rows, found 3", id="delete"),
        pytest.param(SWAP, r"rows 5 to 8 of seal 2", id="swap"),
        pytest.param(CUT_ROWS, r"rows 9 to 11 of seal 3.*found 3", id="cut rows at the tail"),
        pytest.param(BACK_DATE, r"row 9 says .*long before seal 3 began: back-dated", id="back-date"),
        pytest.param(ADD, r"seal 2.*sealed were 4 rows, found 5", id="add with an old transaction"),
        pytest.param("DELETE FROM audit_seal WHERE id = 2", r"seal 3 does not follow", id="remove a seal"),
        pytest.param("DELETE FROM audit_seal WHERE id = 3", r"seal 3 is gone", id="cut seals at the tail"),
        pytest.param("UPDATE audit_entry SET xid = xid + 1000000 WHERE id = 12", r"found 3|not happened", id="future"),
    ],
)
def test_tampering_is_found(statement: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    _three_seals()
    _as_owner(statement)
    with pytest.raises(SystemExit) as refused:
        call_command("verify_audit")
    assert refused.value.code == 1
    complaint = capsys.readouterr().err
    assert re.search(says, complaint), complaint


def test_rows_and_seals_cut_off_together_are_found_by_a_digest_kept_elsewhere() -> None:
    seals = _three_seals()
    _as_owner("DELETE FROM audit_entry WHERE id > 8")
    _as_owner("DELETE FROM audit_seal WHERE id = 3")
    record(Action.VIEW, "later", by=None)
    _sealed()
    assert verify().problem == "", "from within nothing shows: this is what --head is for"
    assert "cut off" in verify(seals[2].digest).problem


def test_the_command_says_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    _three_seals()
    call_command("verify_audit")
    assert "12 rows, 3 seals" in capsys.readouterr().out


def test_a_row_of_a_transaction_still_open_is_sealed_when_it_has_ended() -> None:
    opened, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record(Action.VIEW, "slow", by=None)
            opened.set()
            go_on.wait(10)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    opened.wait(10)
    record(Action.VIEW, "quick", by=None)
    assert seal() is None, "the quick row is younger than the open transaction: it waits"
    go_on.set()
    writer.join()
    assert _sealed().rows == 2
    assert verify().problem == ""


def _write(writer: int, at_least: int, sealed: threading.Event) -> int:
    """Write until there are so many and a seal was made meanwhile; return how many transactions it took."""
    end = time.monotonic() + 60
    n = 0
    while n < at_least or (not sealed.is_set() and time.monotonic() < end):
        with transaction.atomic():
            record(Action.VIEW, f"writer {writer} {n}", by=None)
            viewed("list", by=AnonymousUser(), patients=[uuid.uuid4(), uuid.uuid4()])
        n += 1
    connection.close()
    return n


def test_sixteen_writers_and_two_sealers_make_one_chain() -> None:
    done, sealed = threading.Event(), threading.Event()

    def sealer() -> None:
        while not done.is_set():
            if seal() is not None:
                sealed.set()
            done.wait(0.002)
        connection.close()

    with ThreadPoolExecutor(18) as pool:
        sealers = [pool.submit(sealer) for _ in range(2)]
        writers = [pool.submit(_write, n, 20, sealed) for n in range(16)]
        written = sum(one.result() for one in writers)
        done.set()
        for one in sealers:
            one.result()
    assert sealed.is_set(), "the sealers must have worked among the writers"
    if Entry.objects.filter(xid__gte=Seal.objects.latest("id").until_xid).exists():
        _sealed()
    found = verify()
    assert (found.problem, found.rows, found.unsealed) == ("", written * 3, 0)
    links = list(Seal.objects.all())
    assert [link.from_xid for link in links[1:]] == [link.until_xid for link in links[:-1]]


def test_without_the_horizon_rows_slip_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: sealing up to the newest row instead of the oldest open transaction breaks the chain."""
    opened, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record(Action.VIEW, "slow", by=None)
            opened.set()
            go_on.wait(10)
        connection.close()

    writer = threading.Thread(target=slow)
    writer.start()
    opened.wait(10)
    record(Action.VIEW, "quick", by=None)
    cursor_class = type(connection.cursor())
    run = cursor_class.execute

    def no_horizon(self: object, sql: str, params: object = None) -> object:
        return run(self, sql.replace("pg_snapshot_xmin", "pg_snapshot_xmax"), params)  # type: ignore[arg-type]

    monkeypatch.setattr(cursor_class, "execute", no_horizon)
    assert seal() is not None
    monkeypatch.undo()
    go_on.set()
    writer.join()
    assert "seal 1" in verify().problem
