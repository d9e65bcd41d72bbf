"""Reading the environment strictly: a typing mistake in a setting must stop the start, not change its meaning."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The value of NAME; or the content of the file that NAME_FILE names, for secrets kept out of the environment."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    if name in os.environ:
        raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set: keep one.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error.strerror}.") from error


def boolean(name: str, *, default: bool) -> bool:
    """NAME as a truth value; anything but the eight known words is refused."""
    value = text(name).lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be one of 1, 0, true, false, yes, no, on, off.")


def integer(name: str, default: int) -> int:
    """NAME as a whole number."""
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number.") from error


def words(name: str) -> list[str]:
    """NAME as a comma-separated list."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def database(name: str) -> dict[str, Any]:
    """Django's settings for the PostgreSQL at the URL in NAME.

    A Unix socket's folder is written percent-encoded as the host: postgres://role@%2Frun%2Fpg/name.
    """
    config: dict[str, Any] = dict(environ.Env.db_url_config(text(name)))
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"{name} must be a postgres:// address: the rules live in PostgreSQL.")
    config["HOST"] = unquote(config.get("HOST") or "")
    return config


def email(name: str) -> dict[str, Any]:
    """Django's EMAIL_* settings for the SMTP server at the URL in NAME."""
    return dict(environ.Env.email_url_config(text(name)))
