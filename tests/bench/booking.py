"""A booking through HTTP, against the same SQL by pgbench and in a bare Django view."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pacificmind.clinic.models import Site
from scheduling.models import Appointment
from tests.bench import clinic, pgbench, web
from tests.bench.lines import Line, percentile
from tests.bench.web import Ask, Reply

CLIENTS = 16


def by_desk(slot: dict[str, Any], site: Site, session: str) -> Ask:
    """What the front desk's form posts."""
    wall = slot["starts_at"].astimezone(site.tz)
    form = {
        "request_id": uuid.uuid4(), "kind": "consultation", "on": f"{wall:%Y-%m-%d}", "at": f"{wall:%H:%M}",
        "clinician": slot["clinician"], "room": slot["room"], "patient_state": "CA", "fallback_phone": "",
    }  # fmt: skip
    return Ask(f"/desk/book/{site.pk}/{slot['patient']}/", form, session)


def _dealt(asks: Sequence[Ask]) -> list[Sequence[Ask]]:
    return [asks[index::CLIENTS] for index in range(CLIENTS)]


def run(bench: clinic.Bench, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """The three in turn, five rounds; the table emptied before each."""
    pgbench.make_slots(bench)
    each, rounds = (20, 2) if quick else (40, 5)
    wanted = pgbench.slots()[: each * CLIENTS]
    sites = {site.pk: site for site in bench.sites}
    plain = _dealt([Ask("/book/", {k: str(v) for k, v in slot.items()}) for slot in wanted])
    with web.serving() as port, web.serving("tests.bench.plain.wsgi:application") as bare:
        contestants: dict[str, Callable[[], tuple[float, list[float]]]] = {
            "product": lambda: _http(
                port, _dealt(_asks(wanted, sites, {str(user.pk): web.signed_in(user) for user in bench.desk}))
            ),
            "plain": lambda: _http(bare, plain),
            "pgbench": lambda: (pgbench.rate(CLIENTS, each)[0], []),
        }
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        times: list[float] = []
        for turn in range(rounds + 1):
            for name, measure in contestants.items():
                clinic.no_visits()
                rate, took = measure()
                _check(each * CLIENTS, name)
                if turn:  # the first round warms up
                    rates[name].append(rate)
                    times += took if name == "product" else []
    for against, goal in (("pgbench", 0.12), ("plain", 0.45)):
        ratio = pgbench.median([a / b for a, b in zip(rates["product"], rates[against], strict=True)])
        words = {"pgbench": f"bare transaction by {pgbench.name()}", "plain": "bare Django view, same SQL"}[against]
        yield _line(f"booking by HTTP / {against}", rates["product"], times, ratio, words).goal_of(
            "ratio", goal, at_least=True
        )
    for name in ("pgbench", "plain"):
        yield _line(f"the same by {name}", rates[name], [], None, None)


def _asks(wanted: Sequence[dict[str, Any]], sites: Mapping[str, Site], sessions: Mapping[str, str]) -> list[Ask]:
    """Each with a request id of its own, so that no round repeats another.

    Sessions are of the round: nobody reads the page that follows, whose notices would pile up in them for ever.
    """
    return [by_desk(slot, sites[slot["site"]], sessions[str(slot["made_by"])]) for slot in wanted]


def _http(port: int, clients: list[Sequence[Ask]]) -> tuple[float, list[float]]:
    replies, took = web.load(port, clients)
    every = [one for replies_ in replies for one in replies_]
    if wrong := [one for one in every if one.status != 302]:
        raise AssertionError(f"{len(wrong)} of {len(every)} not booked: {wrong[0].status} {_said(wrong[0])}")
    return len(every) / took, [one.took for one in every]


def _said(reply: Reply) -> str:
    text = reply.body.decode(errors="replace")
    start = text.find("alert")
    return text[start : start + 400]


def _check(expected: int, name: str) -> None:
    if (found := Appointment.objects.count()) != expected:
        raise AssertionError(f"{name} made {found} visits of {expected}")


def _line(name: str, rates: list[float], times: list[float], ratio: float | None, against: str | None) -> Line:
    ordered = sorted(times)
    p50, p95, p99 = (percentile(ordered, p) * 1e3 if ordered else None for p in (50, 95, 99))
    return Line(name, pgbench.median(rates), "per s", ratio, against, n=len(rates), p50=p50, p95=p95, p99=p99)
