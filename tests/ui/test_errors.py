"""Error pages: kind, with a reference and a way to help, without a trace; those of a failing server without a database.

Tests here without `django_db` would fail at the first query: that is the proof.
"""

import io
import json
import logging
import re

import pytest
from django.test import Client, RequestFactory, override_settings

from pacificmind.ui import context, errors
from pacificmind.ui.middleware import ALPHABET, HEADER, LENGTH

pytestmark = pytest.mark.urls("tests.ui.urls")
REFERENCE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/fail", 500, "Something went wrong on our side"),
        ("/locked", 503, "We are busy just now"),
        ("/cut", 503, "We are busy just now"),
        ("/broken-rule", 500, "Something went wrong on our side"),
        ("/suspicious", 400, "We could not read that request"),
    ],
)
def test_pages_of_a_failing_server_need_no_database(visitor: Client, path: str, status: int, words: str) -> None:
    answer = visitor.get(path)
    page = answer.content.decode()
    assert answer.status_code == status
    assert f"<h1>{words}</h1>" in page
    assert REFERENCE.fullmatch(answer[HEADER])
    assert answer[HEADER] in page
    assert context.fallback().phone in page
    assert 'href="tel:988"' in page
    for secret in ("Maya", "Traceback", "ValueError", "lock timeout", "libpq"):
        assert secret not in page
    assert "/static/css/tokens.css" in page


def test_busy_says_when_to_come_back(visitor: Client) -> None:
    assert visitor.get("/locked")["Retry-After"] == "30"
    assert "Retry-After" not in visitor.get("/fail")


@pytest.mark.parametrize("path", ["/none", "/fail", "/forbidden", "/locked"])
def test_the_log_names_the_request(visitor: Client, path: str) -> None:
    """What a caller reads from the page is found in the log, also where Django speaks after the middleware."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    django = logging.getLogger("django.request")
    django.addHandler(handler)
    try:
        answer = visitor.get(path)
    finally:
        django.removeHandler(handler)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert lines
    assert {line["request_ref"] for line in lines} == {answer[HEADER]}


class NoManifest:
    """A storage whose manifest lacks the file."""

    def url(self, name: str) -> str:
        raise ValueError(f"Missing staticfiles manifest entry for {name!r}")


def test_a_missing_style_sheet_does_not_break_the_error_page(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "staticfiles_storage", NoManifest())
    answer = visitor.get("/fail")
    page = answer.content.decode()
    assert "<h1>Something went wrong on our side</h1>" in page
    assert "stylesheet" not in page


def test_a_broken_template_leaves_the_last_resort(visitor: Client) -> None:
    with override_settings(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": []}]):
        answer = visitor.get("/fail")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert answer[HEADER] in page
    assert "988" in page


def test_references_differ_and_are_not_taken_from_the_visitor(visitor: Client) -> None:
    one = visitor.get("/fine", headers={HEADER: "AAAAAAAA"})
    other = visitor.get("/fine")
    assert one[HEADER] not in ("AAAAAAAA", other[HEADER])
    assert one.content.decode() == one[HEADER]


def test_the_log_line_of_a_failure_carries_the_reference(visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    import structlog

    seen: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(str(structlog.contextvars.get_contextvars().get("request_ref")))

    logger, listener = logging.getLogger("django.request"), Listener()
    logger.addHandler(listener)
    try:
        answer = visitor.get("/fail")
    finally:
        logger.removeHandler(listener)
    assert seen == [answer[HEADER]]
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nowhere", 404, "We could not find that page"), ("/forbidden", 403, "This page is not open to your account")],
)
def test_refusals_keep_the_frame_and_tell_nothing(visitor: Client, path: str, status: int, words: str) -> None:
    answer = visitor.get(path)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert answer[HEADER] in page
    assert 'href="tel:988"' in page
    assert "Maya" not in page


@pytest.mark.django_db
def test_an_old_form_token_is_answered_kindly() -> None:
    answer = Client(enforce_csrf_checks=True).post("/fine", {"note": "long text"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "What you typed is kept: go back" in page
    assert "CSRF" not in page


def test_handlers_work_without_the_middleware() -> None:
    page = errors.busy(RequestFactory().get("/")).content.decode()
    assert REFERENCE.search(page)
