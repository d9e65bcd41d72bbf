"""When answers cannot be stored: the crisis page all the same, and a page that keeps what was typed.

Nothing here asks the database, the session or a context processor: it is shown when these are away.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, cast
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse

from intake.domain.library import crisis_words
from pacificmind.ui import context
from pacificmind.ui.errors import page_script, page_sheets
from pacificmind.ui.middleware import reference

P = ParamSpec("P")
ANSWER = "phq9-9"  # the form field of PHQ-9 item 9
ABOVE_NOT_AT_ALL = ("1", "2", "3")
SCREEN_ANSWER, YES = "answer", "Y"  # the form field of a question of the suicide screen
TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field
FORM_LINES = 3_000  # hidden values that are carried at most

CANCEL = re.compile(r"/visits/[^/]+/cancel/")
WRITTEN = re.compile(rf"/(?:intake|questions|me/safety-plan)/.*|{CANCEL.pattern}", re.DOTALL)  # is carried on


@dataclass(frozen=True, slots=True)
class Words:
    """Why an answer was not stored, and what to do."""

    title: str
    text: str
    status: int
    sign_in: bool = False
    then: str = "Come back here and save"


SIGNED_OUT = Words(
    "Your session ended. What you typed is still here",
    "For your safety we end a session after a while. First sign in, then come back to this page and save.",
    401,
    sign_in=True,
)
ONCE_MORE = Words(
    "What you typed is still here",
    "You signed in again in the meantime, so we ask once more. Press the button to save your answers.",
    403,
)
LATER = Words(
    "We could not save just now. What you typed is still here",
    "It is not your doing. Please wait half a minute, then press the button.",
    503,
)
SENT = Words(
    "You have sent your answers already. What you typed is still here",
    "You can still change them. A clinician then reads your new answers.",
    409,
)


#: The same where it was not answers that were sent, but the wish to cancel a visit.
OF_VISITS = {
    SIGNED_OUT: Words(
        "Your session ended. Your visit is not cancelled yet",
        "For your safety we end a session after a while. First sign in, then come back to this page.",
        401,
        sign_in=True,
        then="Come back here and cancel",
    ),
    ONCE_MORE: Words(
        "Your visit is not cancelled yet",
        "You signed in again in the meantime, so we ask once more. Press the button to cancel your visit.",
        403,
    ),
    LATER: Words(
        "We could not cancel your visit just now",
        "It is not your doing. Please wait half a minute, then press the button.",
        503,
    ),
}


def is_item9(request: HttpRequest) -> bool:
    """Whether this sends the page of item 9."""
    return request.method == "POST" and request.path == reverse("intake-item9")


def needs_help_now(request: HttpRequest) -> bool:
    """Whether this sends an answer above "not at all" to item 9, a Yes to the suicide screen, or words of crisis."""
    return request.method == "POST" and (says_crisis(request) or answers_danger(request))


def answers_danger(request: HttpRequest) -> bool:
    """Whether this sends an answer above "not at all" to item 9, or a Yes to the suicide screen."""
    if is_item9(request):
        return request.POST.get(ANSWER, "").strip() in ABOVE_NOT_AT_ALL
    on_screen = request.method == "POST" and request.path == reverse("intake-asq")
    return on_screen and request.POST.get(SCREEN_ANSWER, "").strip() == YES


def says_crisis(request: HttpRequest) -> bool:
    """Whether words of crisis stand in anything that was written here."""
    return any(crisis_words(text) for name, texts in request.POST.lists() if name != TOKEN for text in texts)


def crisis_unsaved(
    request: HttpRequest, status: int = 503, *, sign_in: bool = False, carry: bool = True
) -> HttpResponse:
    """The crisis page for an answer that was not stored: it claims nothing, and offers to save it again."""
    extra = {"sign_in": sign_in, "carried": carried(request) if carry else [], "cancels": _cancels(request)}
    return _static(request, "intake/crisis_unsaved.html", status, extra)


def keep(request: HttpRequest, words: Words, **more: str) -> HttpResponse:
    """A page that carries every posted field, with a fresh token and a button that posts again."""
    cancels = _cancels(request)
    told = OF_VISITS.get(words, words) if cancels else words
    extra = {"words": told, "carried": [*carried(request), *more.items()], "cancels": cancels}
    return _static(request, "intake/kept.html", words.status, extra)


def signed_out(request: HttpRequest) -> HttpResponse:
    """The answer to what was posted after the session had ended."""
    if needs_help_now(request):
        return crisis_unsaved(request, SIGNED_OUT.status, sign_in=True)
    return keep(request, SIGNED_OUT)


def kept_when_signed_out(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """A view of which nothing posted is lost when the session has ended."""

    @wraps(view)
    def kept(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request = cast(HttpRequest, args[0])
        if request.method == "POST" and not request.user.is_authenticated:
            return signed_out(request)
        return view(*args, **kwargs)

    return kept


def rescue(request: HttpRequest, status: int) -> HttpResponse | None:
    """Called when a request was refused or broke: pages for what patients wrote and posted from our own pages."""
    if request.method != "POST" or WRITTEN.fullmatch(request.path) is None:
        return None
    ours, signed_out = _is_ours(request), status == ONCE_MORE.status and not _is_signed_in(request)
    if needs_help_now(request):
        return crisis_unsaved(request, status, sign_in=signed_out, carry=ours)
    if not ours:
        return None
    if status == ONCE_MORE.status:
        return keep(request, SIGNED_OUT if signed_out else ONCE_MORE)
    return keep(request, LATER)


def carried(request: HttpRequest) -> list[tuple[str, str]]:
    """Every posted field but the token, in order."""
    pairs = [(name, value) for name, values in request.POST.lists() for value in values if name != TOKEN]
    return pairs[:FORM_LINES]


def _cancels(request: HttpRequest) -> bool:
    """Whether it is no answer that was sent, but the wish to cancel a visit."""
    return CANCEL.fullmatch(request.path) is not None


def _is_ours(request: HttpRequest) -> bool:
    """Whether the browser says that one of our own pages sent this: what strangers send is not carried further."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    told = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return urlsplit(told).netloc == request.get_host()


def _is_signed_in(request: HttpRequest) -> bool:
    try:
        return bool(request.user.is_authenticated)
    except Exception:  # the session cannot be read: then it does not matter who it is
        return False


def _static(request: HttpRequest, template: str, status: int, extra: dict[str, Any]) -> HttpResponse:
    clinic = context.fallback()
    page = render_to_string(
        template,
        {
            "clinic_name": clinic.name,
            "clinic_phone": clinic.phone,
            "sheets": page_sheets(),
            "script": page_script(),
            "token_url": reverse("ui-token"),
            "ref": reference(request),
            "token": get_token(request),
            "action": request.path,
            "back_url": reverse("intake-signed-in"),
            "login_url": reverse("account_login"),
            **extra,
        },
    )
    response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    return response
