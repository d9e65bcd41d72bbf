"""The embedded servers: rights of the two roles, and what a kill leaves behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from kombu import Connection

from pacificmind.embedded import folder
from pacificmind.embedded.cluster import Urls, running
from pacificmind.embedded.config import ROOT
from pacificmind.embedded.errors import EmbeddedError
from pacificmind.embedded.postgres import Postgres, binaries
from tests.embedded.helpers import eventually, hold_cluster, of_folder

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    with running(tmp_path_factory.mktemp("shared") / "with a space", durable=False) as found:
        yield found


def execute(url: str, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_the_owner_makes_tables_extensions_and_databases_but_is_no_superuser(urls: Urls) -> None:
    owner = urls.database_owner_url
    execute(owner, "CREATE EXTENSION btree_gist", "CREATE EXTENSION pg_trgm", "CREATE TABLE mine (id int)")
    execute(owner, "CREATE DATABASE another", "DROP DATABASE another")
    assert execute(owner, "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]


@pytest.mark.parametrize(
    "forbidden",
    [
        "CREATE TABLE theirs (id int)",
        "CREATE SCHEMA theirs",
        "CREATE TEMPORARY TABLE theirs (id int)",
        "CREATE DATABASE theirs",
        "CREATE ROLE theirs",
        "CREATE EXTENSION citext",
        "SET ROLE pacificmind_owner",
        "CREATE TABLE IF NOT EXISTS owned (id int); INSERT INTO owned VALUES (1)",
    ],
)
def test_the_serving_role_may_make_nothing(urls: Urls, forbidden: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(urls.database_url, forbidden)


def test_the_serving_role_reads_only_what_it_was_granted(urls: Urls) -> None:
    execute(urls.database_owner_url, "CREATE TABLE granted (id int)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(urls.database_url, "SELECT * FROM granted")
    execute(urls.database_owner_url, "GRANT SELECT ON granted TO pacificmind_app")
    assert execute(urls.database_url, "SELECT * FROM granted") == []


def test_the_database_counts_in_utc_and_listens_nowhere_but_on_its_socket(urls: Urls) -> None:
    names = "current_setting('TimeZone'), current_setting('listen_addresses'), current_setting('max_connections')"
    assert execute(urls.database_url, f"SELECT {names}") == [("UTC", "", "200")]


def test_the_settings_read_the_addresses(urls: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    from pacificmind import env

    monkeypatch.setenv("DATABASE_URL", urls.database_url)
    config = env.database("DATABASE_URL")
    host = psycopg2.extensions.parse_dsn(urls.database_url)["host"]
    assert (config["HOST"], config["USER"], config["NAME"]) == (host, "pacificmind_app", "pacificmind")
    assert os.path.isdir(host)


def test_the_broker_takes_and_gives_a_message(urls: Urls) -> None:
    with Connection(urls.redis_url) as connection:
        queue = connection.SimpleQueue("letters")
        queue.put({"id": 7})
        assert queue.get(timeout=5).payload == {"id": 7}
        queue.close()


def test_a_second_start_in_a_held_folder_is_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path / "var", durable=False),
        pytest.raises(EmbeddedError, match=rf"process {os.getpid()}\) is using the data folder"),
        running(tmp_path / "var", durable=False),
    ):
        pass


def test_leaving_the_block_by_an_error_leaves_no_process_and_no_socket(tmp_path: Path) -> None:
    var = tmp_path / "var"

    def fail() -> None:
        with running(var, durable=False) as urls:
            sockets.append(Path(psycopg2.extensions.parse_dsn(urls.database_url)["host"]))
            assert len(of_folder(var)) >= 2
            raise LookupError

    sockets: list[Path] = []
    with pytest.raises(LookupError):
        fail()
    assert of_folder(var) == []
    assert not sockets[0].exists()


@pytest.mark.parametrize("death_signal_works", [True, False])
def test_after_kill_9_of_the_supervisor_nothing_acknowledged_is_lost(tmp_path: Path, death_signal_works: bool) -> None:
    var = tmp_path / "var"
    holder, url = hold_cluster(var)
    servers = of_folder(var)
    execute(url, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)")
    if not death_signal_works:  # as on macOS: the servers outlive the supervisor, the next start must find them
        for server in servers:
            server.suspend()
    holder.kill()
    holder.wait()
    if death_signal_works:
        assert eventually(lambda: not of_folder(var))
    else:
        for server in servers:
            server.resume()
    with running(var) as urls:
        assert execute(urls.database_owner_url, "SELECT count(*) FROM kept") == [(1000,)]
    assert of_folder(var) == []


def test_after_kill_9_of_postgres_the_same_data_is_served_again(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var) as urls:
        execute(
            urls.database_owner_url, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)"
        )
        os.kill(int((var / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    with running(var) as urls:
        assert execute(urls.database_owner_url, "SELECT count(*) FROM kept") == [(1000,)]


def test_a_lock_file_whose_number_went_to_another_program_does_not_stop_the_start(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var, durable=False):
        content = (var / "postgres" / "postmaster.pid").read_text().splitlines()
    (var / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *content[1:]]))
    with running(var, durable=False) as urls:
        assert execute(urls.database_url, "SELECT 1") == [(1,)]


def test_an_interrupted_first_start_heals(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var, durable=False):
        pass
    (var / "postgres").rename(var / "postgres.new")
    (var / "postgres.new" / "PG_VERSION").unlink()
    with running(var, durable=False) as urls:
        assert execute(urls.database_url, "SELECT 1") == [(1,)]
    assert not (var / "postgres.new").exists()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(EmbeddedError, match="holds something else"), running(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_server_that_someone_else_started_on_our_data_is_refused_and_left_alone(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var, durable=False):
        pass
    sockets = folder.socket_folder(tmp_path)
    server = Postgres(var, sockets)
    command = [*server.before, *server.child().argv]
    foreign = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        assert eventually(server.answers)
        with pytest.raises(EmbeddedError, match=rf"bin/run did not start \(process {foreign.pid}\)"), running(var):
            pass
        assert foreign.poll() is None
        assert server.answers()
    finally:
        foreign.send_signal(signal.SIGINT)
        foreign.wait()
        folder.remove_sockets(sockets)


def test_data_of_another_major_version_is_refused(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var, durable=False):
        pass
    (var / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 14"), running(var):
        pass


def test_pg_bin_chooses_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = binaries()
    assert (
        "PostgreSQL"
        in subprocess.run([found / "initdb", "--version"], capture_output=True, text=True, check=True).stdout
    )
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match="There is no PostgreSQL in"):
        binaries()


@pytest.mark.skipif(os.getuid() != 0, reason="the other tests already run as an ordinary user")
def test_an_ordinary_user_starts_it_too(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from pacificmind.embedded.cluster import running
with running(Path(sys.argv[1]), durable=False) as urls:
    print(os.getuid(), urls.database_url)
"""
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces are refused here")
    command = [*unshare, sys.executable, "-c", program, str(tmp_path / "var")]
    result = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert result.stdout.startswith("1000 postgres://pacificmind_app@"), result.stderr
    assert of_folder(tmp_path / "var") == []
