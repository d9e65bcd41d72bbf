"""How texts are set up: one URL or four variables, refused when they cannot be right."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from pacificmind import env
from pacificmind.checks import _texts


def _from(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("SMS_URL", url)
    return env.sms("SMS_URL")


def test_a_url_says_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _from("twilio://AC1:to%2Fken@api.twilio.com?from=%2B12135550100", monkeypatch)
    assert found == {
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "to/ken",
        "TWILIO_FROM": "+12135550100",
        "TWILIO_API_URL": "https://api.twilio.com",
    }
    local = _from("twilio+http://AC1:t@127.0.0.1:9000?from=MG1", monkeypatch)
    assert (local["TWILIO_API_URL"], local["TWILIO_FROM"]) == ("http://127.0.0.1:9000", "MG1")


@pytest.mark.parametrize("bad", ["https://api.twilio.com", "twilio://AC1@api.twilio.com?from=1", "twilio://a:b@c"])
def test_half_a_url_stops_the_start(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="SMS_URL must be twilio"):
        _from(bad, monkeypatch)


def test_keys_of_a_mail_provider_are_a_json_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYMAIL", '{"POSTMARK_SERVER_TOKEN": "x"}')
    assert env.json_object("ANYMAIL") == {"POSTMARK_SERVER_TOKEN": "x"}
    for bad in ("[1]", "{", '"x"'):
        monkeypatch.setenv("ANYMAIL", bad)
        with pytest.raises(ImproperlyConfigured, match="ANYMAIL must be a JSON object"):
            env.json_object("ANYMAIL")


@pytest.mark.parametrize(
    ("account", "token", "sender", "url", "found"),
    [
        ("", "", "", "https://api.twilio.com", "pacificmind.I001"),
        ("AC1", "", "+1", "https://api.twilio.com", "pacificmind.E008"),
        ("AC1", "t", "", "https://api.twilio.com", "pacificmind.E008"),
        ("AC1", "t", "+1", "http://api.twilio.com", "pacificmind.E009"),
        ("AC1", "t", "+1", "https://api.twilio.com", None),
    ],
)
def test_checks(settings: Any, account: str, token: str, sender: str, url: str, found: str | None) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = account, token
    settings.TWILIO_FROM, settings.TWILIO_API_URL = sender, url
    assert [one.id for one in _texts()] == ([found] if found else [])
