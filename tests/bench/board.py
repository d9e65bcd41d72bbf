"""The board of a full week of both sites: time within the server, and queries."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.test import Client

from pacificmind.accounts.models import User
from tests import cast
from tests.bench import clinic, web
from tests.bench.lines import Line, in_turn


def run(bench: clinic.Bench, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """The page as a manager opens it, drawn by the product's own stack of middleware and templates."""
    clinic.fill_calendar(bench, days=12, share=1.0)
    client, path = _client(cast.manager()), f"/desk/calendar/la/{bench.monday}/week/?sites=all"

    def draw() -> bytes:
        answer = client.get(path)
        assert answer.status_code == 200, answer.status_code
        return bytes(answer.content)

    shown = draw().count(b"/desk/visits/")
    took = in_turn({"board": draw}, calls=2 if quick else 8, rounds=1 if quick else 5)["board"]
    notes = f"{shown} links to visits, {len(draw()) // 1024} KB"
    yield took.line("board, full week, both sites", notes=notes).goal_of("value", 100)
    yield Line("board, full week, both sites, queries", clinic.queries_of(draw), "queries", n=1).goal_of("value", 12)


def _client(user: User) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.cookies[settings.SESSION_COOKIE_NAME] = web.signed_in(user)
    return client
