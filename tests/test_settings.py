"""Settings are read strictly and serving without them is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from pacificmind import env

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "SECRET_KEY": "k" * 60 + "0123456789",
    "DATABASE_URL": "postgres://serve@db.invalid/pacificmind",
    "DATABASE_OWNER_URL": "postgres://owner@db.invalid/pacificmind",
    "REDIS_URL": "redis://redis.invalid:6379/0",
    "EMAIL_URL": "smtp://mail.invalid:25",
    "BASE_URL": "https://portal.invalid",
    "ALLOWED_HOSTS": "portal.invalid",
    "CLINIC_PHONE": "+1 310 555 0100",
    "MAIL_FROM": "The clinic <no-reply@portal.invalid>",
}
SAY = "from pacificmind import settings; print(settings.{})"


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("TRUE", True), ("off", False), ("0", False), ("", True)])
def test_booleans_are_strict(monkeypatch: pytest.MonkeyPatch, value: str, meaning: bool) -> None:
    monkeypatch.setenv("FLAG", value)
    assert env.boolean("FLAG", default=True) is meaning


@pytest.mark.parametrize("value", ["yse", "2", "None", " false x"])
def test_a_boolean_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FLAG", value)
    with pytest.raises(ImproperlyConfigured, match="FLAG"):
        env.boolean("FLAG", default=False)


def test_a_secret_can_come_from_a_file_and_from_one_place_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("quiet\n")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "key"))
    assert env.text("TOKEN") == "quiet"
    monkeypatch.setenv("TOKEN", "loud")
    with pytest.raises(ImproperlyConfigured, match="keep one"):
        env.text("TOKEN")


def test_a_missing_secret_file_is_said_without_its_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        env.text("TOKEN")


def test_only_postgresql_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "sqlite:///x.db")
    with pytest.raises(ImproperlyConfigured, match="postgres"):
        env.database("DB")


def test_a_socket_folder_is_read_from_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB", "postgres://role@%2Frun%2Fpg/name")
    config = env.database("DB")
    assert (config["HOST"], config["USER"], config["NAME"]) == ("/run/pg", "role", "name")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own with nothing but this environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True
    )


def check(**change: str) -> str:
    chosen = {name: value for name, value in {**PRODUCTION, **change}.items() if value}
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **chosen)
    return "passed" if done.returncode == 0 else done.stderr


def test_production_settings_pass() -> None:
    assert check() == "passed"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"DEMO": "1"}, "pacificmind.E002"),
        ({"SECRET_KEY": "demo-" + "k" * 60}, "pacificmind.E003"),
        ({"BASE_URL": "http://portal.invalid"}, "pacificmind.E004"),
        ({"DATABASE_OWNER_URL": ""}, "pacificmind.E005"),
        ({"DATABASE_OWNER_URL": PRODUCTION["DATABASE_URL"]}, "pacificmind.E005"),
        ({"EMAIL_URL": ""}, "pacificmind.W001"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"DEBUG": "1"}, "pacificmind.E006"),
        ({"CLINIC_PHONE": ""}, "pacificmind.E007"),
        ({"MAIL_FROM": ""}, "pacificmind.W002"),
    ],
)
def test_what_production_must_not_be_is_refused_by_id(change: dict[str, str], finding: str) -> None:
    assert finding in check(**change)


def test_the_base_address_may_end_in_a_slash() -> None:
    """A browser sends its origin without one: every form would be refused."""
    done = run("-c", SAY.format("CSRF_TRUSTED_ORIGINS"), **{**PRODUCTION, "BASE_URL": "https://portal.invalid/"})
    assert done.stdout.strip() == "['https://portal.invalid']"


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_what_an_address_asks_of_the_database_is_not_lost(name: str) -> None:
    """Dropped in silence, sslmode would be libpq's own: prefer, which also takes no encryption."""
    chosen = {**PRODUCTION, name: f"{PRODUCTION[name]}?sslmode=verify-full"}
    alias = "owner" if "OWNER" in name else "default"
    done = run("-c", SAY.format(f"DATABASES['{alias}']['OPTIONS']"), **chosen)
    assert "'sslmode': 'verify-full'" in done.stdout
    assert "'connect_timeout': 5" in done.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS"])
def test_a_web_server_without_its_settings_does_not_start(name: str) -> None:
    chosen = {key: value for key, value in PRODUCTION.items() if key != name}
    done = run("-c", "import pacificmind.wsgi", **chosen)
    assert done.returncode != 0
    assert name in done.stderr


def test_pure_commands_need_no_settings() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "score"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        input='{"id": 1, "instrument": "PHQ-2", "items": [3, 2], "context": {}}\n',
        capture_output=True,
        text=True,
    )
    assert '"score": 5' in done.stdout
