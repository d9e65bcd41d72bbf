"""The clinic that is measured: two sites with 4 rooms and 4 clinicians each; its rows made by the database itself."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection, connections, models

from intake.models import Patient
from pacificmind.accounts.models import Clinician, User
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import today
from scheduling.models import Appointment, Closure, Leave, Room
from tests import cast
from tests.database import as_owner

ROOMS = CLINICIANS = 4
PATIENTS = 2000
READ_PAST = ("one_patient_per_room", "clinician_lanes_are_not_double_booked")
_TABLE = Appointment._meta.db_table


@dataclass
class Bench:
    """The rows that the lines need."""

    sites: list[Site]
    rooms: dict[str, list[Room]]
    clinicians: dict[str, list[Clinician]]
    desk: list[User]
    patients: list[uuid.UUID]

    @property
    def monday(self) -> date:
        """The first Monday that lies wholly ahead."""
        here = today(cast.ZONE)
        return here + timedelta(days=7 - here.weekday())


def build(patients: int = PATIENTS) -> Bench:
    """Fill an empty, migrated database with the clinic; no visits yet."""
    cast.visit_types()
    ClinicSettings(id=1).save()
    sites = [cast.site(), cast.other_site()]
    rooms = {site.pk: [cast.room(site, f"Room {n}") for n in range(1, ROOMS + 1)] for site in sites}
    staff = {
        site.pk: [cast.prescriber(site, lanes=2, name=f"{site.pk} clinician {n}") for n in range(1, CLINICIANS + 1)]
        for site in sites
    }
    first = cast.patient(sites[0], phone="+12135550100", given_name="Ana", family_name="Bench")
    values = {"id": "gen_random_uuid()", "family_name": "'Bench' || n", "email": "'bench' || n || '@example.com'"}
    copies(Patient, first.pk, values, f"generate_series(1, {patients - 1}) AS n")
    with as_owner() as cursor:  # every other one of the second site, in the order in which they are listed
        cursor.execute(
            "UPDATE intake_patient p SET site_id = %s FROM (SELECT id, row_number() OVER (ORDER BY id) AS n"
            " FROM intake_patient) o WHERE o.id = p.id AND n %% 2 = 0", [sites[1].pk],
        )  # fmt: skip
    names = list(Patient.objects.order_by("pk").values_list("pk", flat=True))
    desk = [cast.receptionist(sites[n % 2]) for n in range(16)]
    return Bench(sites, rooms, staff, desk, names)


def copies(model: type[models.Model], of: object, values: Mapping[str, str], rows: str, more: str = "") -> None:
    """Insert a row per row of `rows`, each a copy of one row but for `values` (column: SQL)."""
    columns = [f.column for f in model._meta.concrete_fields if not f.generated]
    told = ", ".join(values.get(str(name), f't."{name}"') for name in columns)
    table = model._meta.db_table
    names = ", ".join(f'"{name}"' for name in columns)
    with as_owner() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {told} FROM {table} t, {rows} WHERE t.id = %s {more}", [of]
        )
        cursor.execute(f"ANALYZE {table}")


def fill_calendar(bench: Bench, *, days: int = 45, share: float = 0.6) -> None:
    """Consultations in each room of each site on the coming days, about `share` of them taken; a leave, a closure."""
    monday = bench.monday
    for turn, site in enumerate(bench.sites):
        for index, (room, clinician) in enumerate(
            zip(bench.rooms[site.pk], bench.clinicians[site.pk], strict=True), start=turn * ROOMS
        ):
            first = _visit(bench, site, room, clinician, at(monday, 8, site), bench.patients[index])
            values = {
                "id": "gen_random_uuid()",
                "patient_id": f"p.ids[1 + (n * {2 * ROOMS} + {index}) %% array_length(p.ids, 1)]",
                "starts_at": "u.s",
                "ends_at": "u.s + interval '60 minutes'",
                "room_free_at": "u.s + interval '75 minutes'",
            }
            source = (
                "(SELECT array_agg(id ORDER BY id) AS ids FROM intake_patient) p,"
                f" generate_series(1, {days * 8 - 1}) AS n,"
                f" LATERAL (SELECT ((date '{monday}' + (n / 8) + time '08:00' + (n %% 8) * interval '75 minutes')"
                f" AT TIME ZONE '{site.zone}') AS s) u"
            )
            taken = f"AND (n * 31 + {index * 17}) %% 100 < {int(share * 100)} AND extract(isodow FROM u.s) < 6"
            copies(Appointment, first.pk, values, source, taken)
        noon = at(monday + timedelta(days=1), 12, site)
        Leave.objects.create(clinician=bench.clinicians[site.pk][0], starts_at=noon, ends_at=noon + timedelta(hours=4))
        Closure.objects.create(
            site=site, starts_at=noon + timedelta(days=2), ends_at=noon + timedelta(days=2, hours=3), reason="Repairs"
        )


def fill_history(bench: Bench, rows: int) -> None:
    """Visits of the past, hour by hour in the first site's rooms and before all there are, until there are `rows`."""
    missing = rows - Appointment.objects.count()
    if missing <= 0:
        return
    site, per_room = bench.sites[0], missing // ROOMS
    known = Appointment.objects.aggregate(first=models.Min("starts_at"))["first"]
    latest = min(at(bench.monday - timedelta(days=14), 8, site), known - timedelta(hours=1))
    with unconstrained(missing > 50_000):
        for index, (room, clinician) in enumerate(zip(bench.rooms[site.pk], bench.clinicians[site.pk], strict=True)):
            first = _visit(bench, site, room, clinician, latest, bench.patients[index], status="fulfilled")
            values = {
                "id": "gen_random_uuid()",
                "patient_id": f"p.ids[1 + (n * {ROOMS} + {index}) %% array_length(p.ids, 1)]",
                "starts_at": "t.starts_at - n * interval '1 hour'",
                "ends_at": "t.ends_at - n * interval '1 hour'",
                "room_free_at": "t.ends_at - n * interval '1 hour'",
            }
            ids = "(SELECT array_agg(id ORDER BY id) AS ids FROM intake_patient) p"
            copies(Appointment, first.pk, values, f"{ids}, generate_series(1, {per_room - 1}) AS n")
    with as_owner() as cursor:
        cursor.execute(f"VACUUM ANALYZE {_TABLE}")


def _visit(
    bench: Bench, site: Site, room: Room, clinician: Clinician, start: datetime, patient: uuid.UUID, **more: Any
) -> Appointment:
    end = start + timedelta(hours=1)
    return Appointment.objects.create(
        kind="consultation", site=site, zone=site.zone, room=room, clinician=clinician, patient_id=patient,
        lanes=(0, clinician.lanes), starts_at=start, ends_at=end, room_free_at=end, **more,
    )  # fmt: skip


def at(day: date, hour: int, site: Site, minute: int = 0) -> datetime:
    """An instant by the site's wall clock."""
    return datetime.combine(day, time(hour, minute), site.tz).astimezone(UTC)


@contextmanager
def unconstrained(wanted: bool) -> Iterator[None]:
    """The table of visits without its constraints and secondary indexes while it is filled.

    The indexes are made again after, and the two constraints whose own indexes a reader of rooms and clinicians could
    be led into; the others cost minutes at a million rows and are nothing that free starts could read.
    """
    if not wanted:
        yield
        return
    with as_owner() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('x', 'f', 'c')", [_TABLE],
        )  # fmt: skip
        constraints = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE {_TABLE} DROP CONSTRAINT "{name}"')
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE %s",
                       [_TABLE, "%pkey"])  # fmt: skip
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            if name in READ_PAST:
                cursor.execute(f'ALTER TABLE {_TABLE} ADD CONSTRAINT "{name}" {definition}')


def no_visits() -> None:
    """Every visit, and what was written about visits, gone."""
    with as_owner() as cursor:
        cursor.execute(f"TRUNCATE {_TABLE}, idempotency_request, messaging_message, audit_entry CASCADE")


def bare() -> "psycopg2.extensions.connection":
    """psycopg2 and nothing else, as the serving role, on the database that Django uses now."""
    told = connections["default"].settings_dict
    link = psycopg2.connect(host=told["HOST"], user=told["USER"], password=told["PASSWORD"], dbname=told["NAME"])
    link.autocommit = True
    return link


def queries_of(call: Any) -> int:
    """How many queries a call makes; BEGIN and COMMIT are none."""
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        call()
    return sum(one["sql"] not in ("BEGIN", "COMMIT") for one in seen.captured_queries)


assert settings.configured
