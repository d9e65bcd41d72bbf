"""What bin/run was asked for."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pacificmind.embedded.errors import EmbeddedError

ROOT = Path(__file__).resolve().parent.parent.parent
_WORDS = """Starts the clinic: PostgreSQL, Valkey, web server, worker, mail sink. Ctrl-C stops it.

In the environment: PORT (8000), VAR (the data folder, var), and addresses that replace the embedded parts one by one:
DATABASE_URL (with DATABASE_OWNER_URL for the role that migrates), REDIS_URL, EMAIL_URL."""


@dataclass(frozen=True)
class Config:
    """One start."""

    port: int
    var: Path
    reset: bool
    demo: bool
    database_url: str  # empty: embedded
    database_owner_url: str
    redis_url: str
    email_url: str

    @property
    def base_url(self) -> str:
        """The address to open."""
        return f"http://127.0.0.1:{self.port}"


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """From the command line and the environment. Raises EmbeddedError on a bad PORT; exits on a bad argument."""
    parser = argparse.ArgumentParser(
        "bin/run", description=_WORDS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reset", action="store_true", help="start over: delete what is in the data folder")
    parser.add_argument("--no-demo", action="store_true", help="without the demo clinic")
    parsed = parser.parse_args(arguments)
    database_url = environment.get("DATABASE_URL", "")
    return Config(
        port=_port(environment.get("PORT") or "8000"),
        var=ROOT / (environment.get("VAR") or "var"),
        reset=parsed.reset,
        demo=not parsed.no_demo,
        database_url=database_url,
        database_owner_url=environment.get("DATABASE_OWNER_URL", "") or database_url if database_url else "",
        redis_url=environment.get("REDIS_URL", ""),
        email_url=environment.get("EMAIL_URL", ""),
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise EmbeddedError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def process_environment(config: Config, var: Path, mail_port: int) -> dict[str, str]:
    """What every process of the product gets. The owner's address is not in it: who serves must not have it.

    The addresses in `config` must be the final ones by now.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    ours = {
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "EMAIL_URL": config.email_url,
        "DEMO": "1" if config.demo else "0",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "BASE_URL": config.base_url,
        "STATIC_ROOT": str(var / "static"),
        "MAILSINK_DIR": str(var / "mail"),
        "MAILSINK_PORT": str(mail_port),
        "DEMO_LOGINS_FILE": str(var / "demo-logins.txt"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    if "SECRET_KEY" not in inherited and "SECRET_KEY_FILE" not in inherited:
        ours["SECRET_KEY_FILE"] = str(var / "secret-key")
    return {**inherited, **ours}
