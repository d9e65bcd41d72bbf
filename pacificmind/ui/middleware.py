"""What every answer carries: a short reference, also on the error page and in every log line, and what it may load."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import structlog
from csp.constants import HEADER as POLICY
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse

# Crockford's base 32: no I, L, O or U, so that it can be read aloud over the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
HEADER = "X-Request-Ref"


def new_reference() -> str:
    """Eight characters, 40 random bits. Chosen here, never taken from the request."""
    drawn = secrets.randbits(5 * LENGTH)
    return "".join(ALPHABET[drawn >> 5 * place & 31] for place in range(LENGTH))


def reference(request: HttpRequest) -> str:
    """The reference of this request; made now if the middleware was not reached."""
    found = getattr(request, "ref", "")
    if not found:
        found = new_reference()
        request.ref = found  # type: ignore[attr-defined]
    return str(found)


class RequestReference:
    """First in the list, so that even a refusal by another middleware carries a reference."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bind the reference to the log context for the length of the request."""
        ref = reference(request)
        with structlog.contextvars.bound_contextvars(request_ref=ref):
            response = self.get_response(request)
        response[HEADER] = ref
        return response


class ContentSecurity:
    """CONTENT_SECURITY_POLICY with every answer. No page has one of its own, so that django-csp makes it once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say what the page may load."""
        response = self.get_response(request)
        response.headers.setdefault(POLICY, self.policy)
        return response
