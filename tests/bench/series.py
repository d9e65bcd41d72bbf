"""A series of 8 in one transaction, against eight bare bookings by pgbench one after the other."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from intake.models import SeriesOrder
from scheduling.models import Series
from scheduling.services.series import Slot, lay_out
from tests import cast
from tests.bench import clinic, pgbench
from tests.bench.lines import Line, Sample, percentile
from tests.bench.lines import in_turn as _in_turn
from tests.database import as_owner

INFUSIONS = 8


def run(bench: clinic.Bench, *, quick: bool = False, **_: Any) -> Iterator[Line]:
    """In turn: a few series, then as many single bookings by one client of pgbench; emptied in between."""
    pgbench.make_slots(bench, days=5)
    each, rounds = (2, 1) if quick else (12, 5)
    site, doctor = bench.sites[0], bench.clinicians[bench.sites[0].pk][0]
    orders = [cast.ready_patient(doctor, infusions=INFUSIONS)[1] for _ in range(each)]
    slots = [_slots(bench, n) for n in range(each)]
    series, bare = Sample(), list[float]()
    for turn in range(rounds + 1):
        _empty()
        laid = iter(zip(orders, slots, strict=True))

        def one(pairs: Iterator[tuple[SeriesOrder, list[Slot]]] = laid) -> None:
            order, wanted = next(pairs)
            lay_out(by=bench.desk[0], order_id=order.pk, site_id=site.pk, slots=wanted)

        laid_out = _in_turn({"series": one}, calls=each, rounds=1, warm=0)["series"]
        _empty()
        _rate, mean = pgbench.rate(1, 160 if not quick else 20)
        if turn:  # the first round warms up
            series.rounds += laid_out.rounds
            bare.append(mean)
    medians = [percentile(sorted(times), 50) for times in series.rounds]
    ratio = pgbench.median([mine / its for mine, its in zip(medians, bare, strict=True)])
    name, against = "a series of 8 in one transaction", f"one bare booking by {pgbench.name()}"
    yield series.line(name, ratio=ratio, against=against).goal_of("ratio", 8)
    yield Line(f"one bare booking by {pgbench.name()}, one client", pgbench.median(bare) * 1e3, "ms", n=rounds)


def _slots(bench: clinic.Bench, n: int) -> list[Slot]:
    """Monday, Wednesday, Friday of three weeks, in a room, at an hour and with a clinician that no other series has."""
    site = bench.sites[0]
    days = [week * 7 + day for week in range(3) for day in (0, 2, 4)][:INFUSIONS]
    room, who = bench.rooms[site.pk][n % 4], bench.clinicians[site.pk][n % 4]
    hour = 8 + 3 * (n // 4)
    return [Slot(clinic.at(bench.monday + timedelta(days=day), hour, site), room.pk, who.pk) for day in days]


def _empty() -> None:
    clinic.no_visits()
    with as_owner() as cursor:
        cursor.execute(f"TRUNCATE {Series._meta.db_table} CASCADE")
