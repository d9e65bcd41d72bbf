"""A board that keeps up: one version for all that is shown, and a mark for each row that its reader has seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL
from django.db.models.fields import CharField
from django.utils.crypto import salted_hmac

from pacificmind.accounts.models import User
from scheduling.models import Appointment, Status
from scheduling.queries import visits as visit_queries
from scheduling.queries.board_supply import Scope
from scheduling.queries.overrun import is_over_time
from scheduling.queries.visits import LATE_AFTER, Shown

# What a board shows of a visit; a week of both sites reads some 250 rows.
COLUMNS = (
    "kind", "telehealth", "site_id", "zone", "lanes", "starts_at", "ends_at", "room_free_at", "day", "status",
    "version", "number", "started_at", "finished_at", "escort_name", "fasted", "booster_order_id",
    "patient__given_name", "patient__family_name", "patient__preferred_name",
    "room__name", "room__in_use", "room__site_id",
    "clinician__credentials", "clinician__lanes", "clinician__user__name", "series__order__infusions",
)  # fmt: skip
MARK_LENGTH = 12  # hexadecimal digits
# Each committed change gives a row a new xmin, whoever wrote it, through whichever door.
VERSION = """(SELECT md5(concat_ws('/',
  (SELECT string_agg(v.id::text || v.xmin::text, '' ORDER BY v.id)
     FROM scheduling_appointment v WHERE v.site_id = ANY(%s) AND v.day >= %s AND v.day < %s),
  (SELECT concat_ws('-', count(*) FILTER (WHERE v.status = ANY(%s) AND v.starts_at < %s),
                         count(*) FILTER (WHERE v.status = %s AND v.ends_at < %s))
     FROM scheduling_appointment v WHERE v.site_id = ANY(%s) AND v.day >= %s AND v.day < %s),
  (SELECT string_agg(c.id::text || c.xmin::text, '' ORDER BY c.id)
     FROM scheduling_closure c WHERE c.site_id = ANY(%s) AND c.starts_at < %s AND c.ends_at > %s),
  (SELECT string_agg(l.id::text || l.xmin::text, '' ORDER BY l.id)
     FROM scheduling_leave l WHERE l.starts_at < %s AND l.ends_at > %s))))"""


def _params(scope: Scope, at: datetime) -> list[Any]:
    rows = [scope.slugs, scope.from_day, scope.until_day]
    span = [scope.end, scope.start]
    late = [[str(one) for one in visit_queries.COMING], at - LATE_AFTER]
    return [*rows, *late, str(Status.CHECKED_IN), at, *rows, scope.slugs, *span, *span]


def version(scope: Scope, *, at: datetime) -> str:
    """A mark that changes with any visit, closure or leave of the range, and when somebody becomes late or runs over.

    One query. What a clinician decides elsewhere is not in it: the page asks for its rows again every minute.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {VERSION}", _params(scope, at))
        return str(cursor.fetchone()[0])


@dataclass(frozen=True)
class Seen:
    """The visits of a range with the version that they had: of one moment."""

    shown: Sequence[Shown]
    version: str


def read(scope: Scope, *, at: datetime) -> Seen:
    """All visits of the range but those entered in error, by time, with readiness and lateness: two queries."""
    now_version = RawSQL(VERSION, _params(scope, at), output_field=CharField())  # noqa: S611  a constant, with parameters
    visits = list(
        Appointment.objects.filter(site__in=scope.slugs, day__gte=scope.from_day, day__lt=scope.until_day)
        .exclude(status=Status.ENTERED_IN_ERROR)
        .select_related("patient", "room", "clinician__user", "series__order")
        .only(*COLUMNS)
        .annotate(board_version=now_version)
        .order_by("starts_at", "room__name", "pk")
    )
    sites = {site.pk: site for site in scope.sites}
    for visit in visits:
        visit.site = sites[visit.site_id]
    found = str(visits[0].board_version) if visits else version(scope, at=at)
    return Seen(visit_queries.shown(visits, at=at), found)


def mark_of(one: Shown, *, by: User, at: datetime) -> str:
    """What proves that this user was shown this row as it is: nobody can make one without having seen it."""
    visit, ready = one.visit, one.readiness
    what = (
        visit.pk, visit.version, one.state, visit.starts_at, visit.ends_at, visit.room_id, visit.clinician_id,
        visit.number, one.late, is_over_time(visit, at), bool(visit.escort_name), str(visit.patient),
        ready and (ready.clinician_says_ready, ready.consent),
    )  # fmt: skip
    return salted_hmac(f"board-mark:{by.pk}", repr(what), algorithm="sha256").hexdigest()[:MARK_LENGTH]


def changed(shown: Sequence[Shown], seen: Collection[str], *, by: User, at: datetime) -> list[Shown]:
    """The rows whose present mark is not among those the reader holds: what is new to them, and audited."""
    return [one for one in shown if mark_of(one, by=by, at=at) not in seen]
