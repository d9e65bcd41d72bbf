"""The address of whoever asks behind our own proxies; what a stranger writes into a header is not believed."""

from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from pacificmind import env
from pacificmind.proxies import TrustedProxies, client

OURS = ["10.0.0.0/8", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("remote", "forwarded", "expected"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),  # not from a proxy of ours: a header of a stranger
        ("198.51.100.7", "10.0.0.1, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.66, 203.0.113.9", "203.0.113.9"),  # the client wrote the first one
        ("10.0.0.1", "192.0.2.66, 203.0.113.9, 10.9.9.9", "203.0.113.9"),  # two proxies of ours
        ("10.0.0.1", "10.1.1.1, 203.0.113.9", "203.0.113.9"),  # the client says it is a proxy of ours
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),  # from inside
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:51234", "203.0.113.9"),
        ("10.0.0.1", "[2001:4860::1]:443", "2001:4860::1"),
        ("10.0.0.1", "2001:4860::1", "2001:4860::1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),  # an address column keeps no interface
        ("2001:db8::5", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", ",,, ,", "10.0.0.1"),
        ("", "203.0.113.9", ""),  # a socket that was not named
        ("10.0.0.1", "<script>", "10.0.0.1"),
    ],
)
def test_the_nearest_address_that_is_none_of_our_proxies(remote: str, forwarded: str, expected: str) -> None:
    assert client(remote, forwarded, OURS) == expected


def test_a_named_socket_is_a_proxy_and_a_long_chain_is_cut_off() -> None:
    assert client("", "203.0.113.9", ["unix"]) == "203.0.113.9"
    long = ", ".join(["192.0.2.1"] + ["10.0.0.9"] * 500)
    assert client("10.0.0.1", long, OURS) == "10.0.0.9"


def seen(**headers: Any) -> HttpRequest:
    """A request as the views and allauth get it."""
    found: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    TrustedProxies(view)(RequestFactory().get("/", **headers))
    return found[0]


def test_off_by_default_no_header_is_believed() -> None:
    request = seen(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert request.META["REMOTE_ADDR"] == "10.0.0.1"


@override_settings(TRUSTED_PROXIES=OURS)
def test_everything_behind_it_agrees_on_the_address() -> None:
    request = seen(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.66, 203.0.113.9")
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert get_adapter().get_client_ip(request) == "203.0.113.9"  # rate limits of signing in


def test_what_is_no_network_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXIES", "10.0.0.0/8, unix, 2001:db8::/32, 127.0.0.1")
    assert env.networks("PROXIES") == ["10.0.0.0/8", "unix", "2001:db8::/32", "127.0.0.1"]
    for wrong in ("10.0.0.1/8", "everybody", "10.0.0.0/8;10.1.0.0/16"):
        monkeypatch.setenv("PROXIES", wrong)
        with pytest.raises(ImproperlyConfigured, match="no network"):
            env.networks("PROXIES")
