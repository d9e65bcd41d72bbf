"""Reading the environment strictly: a typing mistake in a setting must stop the start, not change its meaning."""

import ipaddress
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

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


def networks(name: str) -> list[str]:
    """NAME as a comma-separated list of addresses and networks; `unix` stands for connections over a socket."""
    found = words(name)
    for one in found:
        try:
            _ = one == "unix" or ipaddress.ip_network(one)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} names what is no network: {one}.") from error
    return found


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


def sms(name: str) -> dict[str, str]:
    """TWILIO_* settings from the URL in NAME: twilio://ACCOUNT:TOKEN@api.twilio.com?from=%2B12135550100.

    `from` is a number or a messaging service's name (MG...). twilio+http:// is for a stand-in on this machine.
    """
    parts = urlsplit(text(name))
    sender = parse_qs(parts.query).get("from", [""])[0]
    if parts.scheme not in ("twilio", "twilio+http") or not (parts.username and parts.password and sender):
        raise ImproperlyConfigured(f"{name} must be twilio://ACCOUNT:TOKEN@api.twilio.com?from=NUMBER.")
    host = parts.netloc.rpartition("@")[2]
    return {
        "TWILIO_ACCOUNT_SID": unquote(parts.username),
        "TWILIO_AUTH_TOKEN": unquote(parts.password),
        "TWILIO_FROM": sender,
        "TWILIO_API_URL": f"{'http' if parts.scheme.endswith('http') else 'https'}://{host}",
    }


def json_object(name: str) -> dict[str, Any]:
    """NAME as a JSON object; empty where it is not set."""
    try:
        found = json.loads(text(name) or "{}")
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object.") from error
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object.")
    return found
