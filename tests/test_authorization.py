"""Every address, every role, own and foreign objects. A route without a line in the table fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from pacificmind.accounts.access import PUBLIC, SIGNED_IN
from pacificmind.accounts.models import User
from pacificmind.audit.models import Action, Entry
from tests import cast
from tests.authorization_table import ALLAUTH, ENDED_ALREADY, NARROWER, TABLE
from tests.objects import Objects, make_objects

pytestmark = pytest.mark.django_db


def routes(patterns: Any = None) -> Iterator[URLPattern]:
    """Every address of the project."""
    for one in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns)
        else:
            yield one


def test_every_route_has_its_line_and_every_line_its_route() -> None:
    names = [route.name for route in routes()]
    assert None not in names, "an address without a name cannot be listed"
    listed = set(TABLE) | set(ALLAUTH)
    assert set(map(str, names)) == listed


def test_every_view_of_ours_says_who_may_open_it_as_the_table_does() -> None:
    for route in routes():
        if route.name in TABLE:
            said = {str(getattr(role, "value", role)) for role in getattr(route.callback, "access", ())}
            assert said == TABLE[str(route.name)], route.name


@dataclass(frozen=True)
class Actor:
    """Somebody at the keyboard, with the roles they hold and whether the objects are theirs."""

    name: str
    user: User | None
    roles: frozenset[str]
    own: bool


@pytest.fixture
def objects() -> Objects:
    return make_objects()


def actors(objects: Objects) -> list[Actor]:
    """The cast of the matrix: the owner's side, and for each role somebody of the other site."""
    other = cast.other_site()
    people = [
        ("the patient", objects.patient.user, True),
        ("another patient", cast.patient(other, account=True).user, False),
        ("front desk", cast.receptionist(), True),
        ("front desk elsewhere", cast.receptionist(other), False),
        ("clinician", cast.clinician().user, True),
        ("clinician elsewhere", cast.clinician(other).user, False),
        ("prescriber", objects.prescriber.user, True),
        ("prescriber elsewhere", cast.prescriber(other).user, False),
        ("manager", cast.manager(), True),
    ]
    return [Actor("nobody", None, frozenset(), False)] + [
        Actor(name, user, user.roles if user else frozenset(), own) for name, user, own in people
    ]


def ask(actor: Actor, url: str) -> tuple[HttpResponseBase, HttpResponseBase]:
    """What the actor gets by GET and by an empty POST."""
    client = Client(raise_request_exception=False)
    if actor.user is not None:
        client.force_login(User.objects.get(pk=actor.user.pk))
    return client.get(url), client.post(url, {})


def is_log_in(response: HttpResponseBase) -> bool:
    return response.status_code == 302 and "/accounts/login/" in response.headers["Location"]


def problem(actor: Actor, name: str, url: str, *, scoped: bool) -> str:
    """What is wrong with the answers this actor gets, or nothing."""
    answers = [one for one in ask(actor, url) if one.status_code != 405]
    roles, said = TABLE[name], [one.status_code for one in answers]
    if any(code >= 500 for code in said):
        return f"{said}: a server error"
    if PUBLIC in roles:
        return (
            "" if not any(code == 403 or is_log_in(one) for code, one in zip(said, answers, strict=True)) else f"{said}"
        )
    if actor.user is None:
        return "" if all(is_log_in(one) or one.status_code == 401 for one in answers) else f"{said}: no log-in asked"
    if SIGNED_IN not in roles and not roles & actor.roles:
        return "" if set(said) <= {403} else f"{said}: the wrong role got in"
    if scoped and not actor.own:
        return "" if set(said) <= {404} else f"{said}: a foreign object is not a 404"
    if actor.name in NARROWER.get(name, set()):
        return "" if set(said) & {403, 404} else f"{said}: {actor.name} is narrower than the role"
    return "" if not set(said) & {403, 404} else f"{said}: shut out of what is theirs"


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is written in the block."""
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def parameters(name: str) -> tuple[str, ...]:
    """What an address takes."""
    return tuple(next(one for one in routes() if one.name == name).pattern.converters)


def test_matrix(objects: Objects) -> None:
    """Nobody, the wrong role, the right role elsewhere, the right role here: for every address."""
    cast_list, found = actors(objects), {}
    for name in sorted(TABLE):
        wanted = parameters(name)
        url, scoped = reverse(name, kwargs=objects.values(name, wanted)), objects.is_scoped(name, wanted)
        for actor in cast_list:
            with undone():
                before = changes()
                if wrong := problem(actor, name, url, scoped=scoped):
                    found[f"{name}, {actor.name}"] = wrong
                if scoped and not actor.own and PUBLIC not in TABLE[name] and changes() != before:
                    found[f"{name}, {actor.name}"] = "changed something foreign"
    assert found == {}


def test_an_id_that_does_not_exist_is_the_same_404(objects: Objects) -> None:
    cast_list, found = actors(objects), {}
    for name in sorted(TABLE):
        wanted = parameters(name)
        ids = {key: objects.nobody(key) for key in wanted if objects.is_id(key)}
        if not ids or PUBLIC in TABLE[name] or name in ENDED_ALREADY:
            continue
        url = reverse(name, kwargs=objects.values(name, wanted) | ids)
        for actor in cast_list:
            if actor.own and TABLE[name] & (actor.roles | {SIGNED_IN}):
                with undone():
                    said = {one.status_code for one in ask(actor, url) if one.status_code != 405}
                    if not said <= {404}:
                        found[f"{name}, {actor.name}"] = said
    assert found == {}


def changes() -> int:
    """How many changes the audit knows of."""
    return Entry.objects.exclude(action__in=(Action.VIEW, Action.REFUSED, Action.SIGN_IN)).count()
