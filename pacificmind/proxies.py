"""Behind proxies of our own, the address of whoever asks; a header that anybody can write is believed of nobody else.

Kept beside consents and used for rate limits. Without TRUSTED_PROXIES it is the address of the connection.
"""

import ipaddress
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST_HOPS = 20
SOCKET = "unix"  # in TRUSTED_PROXIES: connections over a Unix socket, which have no address


class TrustedProxies:
    """Middleware, first of all: REMOTE_ADDR becomes the client's own, so that everything behind it agrees."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set it once."""
        if trusted := settings.TRUSTED_PROXIES:
            told = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = client(request.META.get("REMOTE_ADDR", ""), told, trusted)
        return self.get_response(request)


def client(remote: str, forwarded: str, trusted: Sequence[str]) -> str:
    """The nearest address that is none of our proxies: from the connection, then X-Forwarded-For from its end.

    What stands before that address was written by somebody we do not know. A hop that is no address ends the walk at
    the proxy that passed it on.
    """
    networks = [ipaddress.ip_network(one) for one in trusted if one != SOCKET]
    if not _is_ours(remote, networks, sockets=SOCKET in trusted):
        return remote
    nearest = remote
    for hop in reversed(forwarded.split(",")[-MOST_HOPS:]):
        address = _address(hop)
        if address is None:
            return nearest
        nearest = str(address)
        if not _is_ours(nearest, networks):
            return nearest
    return nearest


def _is_ours(address: str, networks: Sequence[Network], *, sockets: bool = False) -> bool:
    if not address:
        return sockets
    known = _address(address)
    return known is not None and any(known in network for network in networks)


def _address(hop: str) -> Address | None:
    """The address of a hop, without its port; one of version 4 written as version 6 as what it is."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])  # a link-local one may name its interface
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
