"""Error pages. Those for a broken request or server ask nothing of the database, the session or a context processor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape

from pacificmind.ui import context
from pacificmind.ui.middleware import reference

RETRY_AFTER_SECONDS = 30
CRISIS_PATH = "/help-now/"
SHEETS = ("vendor/bootstrap/bootstrap.min.css", "css/tokens.css", "css/app.css", "css/forms.css", "css/components.css")

LAST_RESORT = """<!doctype html><html lang="en"><title>Something went wrong</title>
<h1>Something went wrong on our side</h1><p>Please try again in a few minutes, or call us: {phone}.
Your reference is {ref}.</p><p>If you might hurt yourself, call or text 988 now. In danger, call 911.</p></html>"""


@dataclass(frozen=True, slots=True)
class Words:
    """What a plain error page says."""

    title: str
    text: str
    status: int


BAD_REQUEST = Words(
    "We could not read that request",
    "Please go back and try once more. If you followed a link, it may have been cut short: open it again from the "
    "message it came in.",
    400,
)
SERVER_ERROR = Words(
    "Something went wrong on our side",
    "It is not your doing. Please try again in a few minutes. If you were sending a form, look first whether it "
    "arrived: sending it again will not make a second one.",
    500,
)
BUSY = Words(
    "We are busy just now",
    "Please wait half a minute and try again. If you were sending a form, sending it again will not make a second one.",
    503,
)


Rescue = Callable[[HttpRequest, int], HttpResponse | None]
_rescues: list[Rescue] = []


def register_rescue(rescue: Rescue) -> None:
    """Let an app answer a request that could not be carried out (its status: 403 of the token, 500, 503).

    It returns a page of its own, such as one that keeps what was typed, or None. It must not need the database.
    """
    if rescue not in _rescues:
        _rescues.append(rescue)


def _rescued(request: HttpRequest, status: int) -> HttpResponse | None:
    return next((page for rescue in _rescues if (page := rescue(request, status)) is not None), None)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler 400."""
    return _plain(request, BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler 403: says who can help, never what was refused."""
    return render(request, "errors/403.html", {"ref": reference(request)}, status=403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler 404: the same page for what does not exist and for what is another person's."""
    return render(request, "errors/404.html", {"ref": reference(request)}, status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page was open over a new log-in or for too long. Nothing was stored."""
    kept = _rescued(request, 403)
    return kept or render(request, "errors/csrf.html", {"ref": reference(request)}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler 500; a database that is away, full or holding a lock too long is answered as busy instead."""
    if _database_away(sys.exc_info()[1]):
        return _rescued(request, 503) or _help_now(request) or busy(request)
    return _rescued(request, 500) or _plain(request, SERVER_ERROR)


def _help_now(request: HttpRequest) -> HttpResponse | None:
    """The page with help for who is signed in while the database is away: drawn as for a stranger, it needs nothing."""
    if request.method not in ("GET", "HEAD") or request.path != CRISIS_PATH:
        return None
    from django.contrib.auth.models import AnonymousUser  # late: error pages load without any model

    stranger = HttpRequest()
    stranger.META, stranger.path, stranger.method = request.META, request.path, "GET"
    stranger.user = AnonymousUser()
    try:
        return render(stranger, "public/crisis.html")
    except Exception:  # the page of last resort has the numbers too
        return None


def _database_away(error: BaseException | None) -> bool:
    """psycopg2 says a connection cut in the middle of an answer with the bare class; faults of ours have a subclass."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def busy(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """503 with Retry-After."""
    response = _plain(request, BUSY)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _plain(request: HttpRequest, words: Words) -> HttpResponse:
    """A page from settings and files alone; from a constant if even the template cannot be drawn."""
    clinic, ref = context.fallback(), reference(request)
    try:
        page: str = render_to_string(
            "errors/plain.html",
            {
                "words": words,
                "ref": ref,
                "clinic_name": clinic.name,
                "clinic_phone": clinic.phone,
                "sheets": page_sheets(),
            },
        )
    except Exception:  # the page that tells of a failure must not fail
        page = LAST_RESORT.format(phone=escape(clinic.phone), ref=escape(ref))
    response = HttpResponse(page, status=words.status)
    response["Cache-Control"] = "no-store"
    return response


def page_sheets() -> list[str]:
    """Addresses of the style sheets, for pages drawn without any context."""
    return _addresses(SHEETS)


def page_script() -> str:
    """Address of the script that every page may do without, or empty."""
    return next(iter(_addresses(("js/app.js",))), "")


def _addresses(names: tuple[str, ...]) -> list[str]:
    try:
        return [staticfiles_storage.url(name) for name in names]
    except ValueError:  # a manifest without the file: the page is plain but whole
        return []
