"""Fifty patients at once on one time: one is booked, forty-nine are told kindly and offered others."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pacificmind.clinic.models import Site
from scheduling.models import Appointment, Room
from scheduling.queries.patient_times import stamp
from tests import cast
from tests.bench import clinic, web
from tests.bench.lines import Line, percentile
from tests.bench.web import Ask, Reply

PATIENTS, ROUNDS = 50, 20
KIND = (b"Someone else has just taken this time", b"Many people are booking right now")  # taken; three seconds queued
OFFERED = b"Free times near it"


@dataclass
class Outcome:
    """What became of the rounds."""

    booked: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    broken: list[Reply] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def note(self, replies: list[Reply], visits: int) -> None:
        """One round, and how many visits it left."""
        booked = [one for one in replies if one.status == 302]
        kind = [one for one in replies if one.status == 200 and OFFERED in one.body and _is_kind(one.body)]
        self.booked.append(visits if visits == len(booked) else -1)
        self.kind.append(len(kind))
        self.broken += [one for one in replies if one not in booked and one not in kind]
        self.times += [one.took for one in replies]


def run(bench: clinic.Bench, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """With 2 and with 8 workers of gunicorn."""
    site = bench.sites[0]
    Room.objects.filter(pk__in=[room.pk for room in bench.rooms[site.pk][1:]]).update(in_use=False)  # one place only
    sessions = patients()
    for workers in (2, 8):
        with web.serving(workers=workers) as port:
            found = rounds(port, site, sessions, clinic.at(bench.monday, 9, site), 1 if quick else ROUNDS)
        times = sorted(found.times)
        yield Line(
            f"{PATIENTS} clients, one slot, {workers} workers", percentile(times, 99) * 1e3, "ms", n=len(found.times),
            p50=percentile(times, 50) * 1e3, p95=percentile(times, 95) * 1e3, p99=percentile(times, 99) * 1e3,
            notes=verdict(found),
        ).goal_of("p99", 1000)  # fmt: skip


def patients() -> list[str]:
    """Sessions of fifty patients."""
    made = [cast.patient(account=True) for _ in range(PATIENTS)]
    return [web.signed_in(one.user) for one in made if one.user is not None]


def rounds(port: int, site: Site, sessions: list[str], first: datetime, count: int) -> Outcome:
    """Each round another time of an empty calendar; the first, to warm up, is not counted."""
    found = Outcome()
    for turn in range(count + 1):
        clinic.no_visits()
        asks = [[_ask(site, first + timedelta(hours=turn % 8), session)] for session in sessions]
        replies, _ = web.load(port, asks)
        if turn:
            found.note([reply for each in replies for reply in each], Appointment.objects.count())
    return found


def _ask(site: Site, start: datetime, session: str) -> Ask:
    path = f"/choose/confirm/?site={site.pk}&way=in-person&at={stamp(start)}"
    return Ask(path, {"request_id": uuid.uuid4()}, session)


def _is_kind(body: bytes) -> bool:
    return any(words in body for words in KIND)


def _alert(body: bytes) -> str:
    """What a page says first, without its tags."""
    text = re.sub(r"<[^>]*>|\s+", " ", body.decode(errors="replace").partition("error-summary")[2] or body.decode())
    return text[:300]


def verdict(found: Outcome) -> str:
    """In words; AssertionError where a slot was booked twice or not at all, or something broke."""
    if set(found.booked) != {1} or found.broken:
        said = {(one.status, _alert(one.body)) for one in found.broken}
        raise AssertionError(f"booked a round: {found.booked}; {len(found.broken)} neither booked nor kind: {said}")
    return f"{len(found.booked)} rounds: 1 booked, {min(found.kind)} refused kindly with other times, no 5xx"
