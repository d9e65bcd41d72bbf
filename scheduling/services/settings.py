"""The clinic's settings, sites, opening hours: a manager's to change, under the booking's locks.

Each change compares what was seen (`seen`, from `seen_of`) with what is there, so that two managers do not overwrite
each other; what is stored is audited with the names of the fields.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import Model, Q

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import ClinicSettings, Site
from pacificmind.clock import now
from pacificmind.idempotency.services import Once, digest, once
from scheduling.domain import errors, week
from scheduling.domain.intervals import Interval
from scheduling.models import Appointment, OpeningHours
from scheduling.services.locks import booking
from scheduling.services.supply import TO_COME, ask_to_move, lock_site, needs_manager

CHANGED = "Somebody else changed this meanwhile. Nothing was saved: look at it as it is now."
SITE_FIELDS = ("name", "address", "phone", "zone", "state", "open_to_requests")
CLINIC_FIELDS = tuple(field.name for field in ClinicSettings._meta.fields if field.name != "id")


def seen_of(row: Model, names: Iterable[str]) -> str:
    """A digest of these columns: what a form carries, to tell later whether the row is still as it was shown."""
    return digest({name: str(getattr(row, name)) for name in names})


def seen_hours(ranges: Iterable[week.Range]) -> str:
    """The same of a week of hours."""
    return digest({"week": [str(one) for one in sorted(ranges)]})


def opening_hours(site_id: str) -> list[week.Range]:
    """A site's week."""
    rows = OpeningHours.objects.filter(site_id=site_id)
    return sorted(week.Range(row.weekday, row.opens, row.closes) for row in rows)


@contextmanager
def managing(by: User, intent: str, request_id: uuid.UUID | None, asked: dict[str, Any]) -> Iterator[Once]:
    """A manager's transaction, carried out once."""
    with booking(), once(request_id, user_id=by.pk, intent=intent, asked=asked) as state:
        needs_manager(by)
        yield state


def write(row: Model, values: Mapping[str, Any], names: Sequence[str], seen: str) -> list[str]:
    """Write what differs from what was seen; the names of the columns. The row is locked by the caller."""
    if seen_of(row, names) != seen:
        raise errors.BookingRefused(CHANGED)
    changed = sorted(name for name in names if str(getattr(row, name)) != str(values[name]))
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        row.save(update_fields=changed)
    return changed


def save_clinic(*, by: User, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None) -> None:
    """Change the clinic's settings."""
    with managing(by, "clinic-settings", request_id, {"seen": seen, **values}) as state:
        if state.repeated:
            return
        ClinicSettings.objects.get_or_create(id=1)
        row = ClinicSettings.objects.select_for_update().get(id=1)
        if changed := write(row, values, CLINIC_FIELDS, seen):
            record(Action.CHANGE, "change clinic settings", by=by, subject=row, changes={"fields": changed})


def add_site(*, by: User, slug: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None) -> Site:
    """Add a site. It has no hours yet: nothing can be booked there before they are set."""
    with managing(by, "add-site", request_id, {"site": slug, **values}) as state:
        if state.repeated:
            return Site.objects.get(pk=slug)
        if Site.objects.filter(pk=slug).exists():
            raise errors.BookingRefused("Another site has this short name. Choose a different one.")
        if Site.objects.filter(name__iexact=values["name"]).exists():
            raise errors.BookingRefused("Another site has this name. Choose a different one.")
        site = Site.objects.create(slug=slug, **values)
        record(Action.CREATE, "add site", by=by, subject=site)
    return site


def save_site(
    *, by: User, site_id: str, seen: str, values: Mapping[str, Any], request_id: uuid.UUID | None = None
) -> None:
    """Change a site. Its time zone stays while visits are to come: their times would no longer be what people wrote."""
    with managing(by, "site", request_id, {"site": site_id, "seen": seen, **values}) as state:
        if state.repeated:
            return
        row = Site.objects.select_for_update().get(pk=site_id)
        if values["zone"] != row.zone and Appointment.objects.filter(site=row, status__in=TO_COME, ends_at__gt=now()):
            raise errors.BookingRefused("Visits are booked here. The time zone can change when none is to come.")
        if changed := write(row, values, SITE_FIELDS, seen):
            record(Action.CHANGE, "change site", by=by, subject=row, changes={"fields": changed})


def set_opening_hours(
    *, by: User, site_id: str, seen: str, ranges: Sequence[week.Range], request_id: uuid.UUID | None = None
) -> list[Appointment]:
    """Set a site's week; the visits to come that now lie outside of it: each has a task to move it."""
    asked = {"site": site_id, "seen": seen, "week": [str(one) for one in sorted(ranges)]}
    with managing(by, "opening-hours", request_id, asked) as state:
        if state.repeated:
            return []
        lock_site(site_id)
        site, before = Site.objects.get(pk=site_id), opening_hours(site_id)
        if seen_hours(before) != seen:
            raise errors.BookingRefused(CHANGED)
        if wrong := week.problems(ranges):
            raise errors.BookingRefused(wrong[0].say)
        if sorted(ranges) == before:
            return []
        left_out = left_out_by_hours(site_id, ranges)
        OpeningHours.objects.filter(site_id=site_id).delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(site_id=site_id, weekday=one.weekday, opens=one.starts, closes=one.ends) for one in ranges
        )
        ask_to_move(left_out)
        changes = {"fields": ["opening_hours"], "visits": len(left_out)}
        record(Action.CHANGE, "change opening hours", by=by, subject=site, changes=changes)
    return left_out


def left_out_by_hours(site_id: str, ranges: Sequence[week.Range]) -> list[Appointment]:
    """Visits to come that the site's week holds now and no longer would: to be shown before it is saved."""
    before = opening_hours(site_id)
    return [one for one in to_come(Q(site_id=site_id)) if fits(one, before) and not fits(one, ranges)]


def to_come(condition: Q) -> list[Appointment]:
    """Visits to come, in order."""
    rows = Appointment.objects.filter(condition, status__in=TO_COME, starts_at__gt=now())
    return list(rows.select_related("patient", "site", "room", "clinician__user").order_by("starts_at"))


def fits(visit: Appointment, ranges: Sequence[week.Range], *, site_id: str = "") -> bool:
    """Whether a visit lies within a week's hours, at the wall clock of its site."""
    return week.holds(ranges, Interval(visit.starts_at, visit.ends_at), visit.site.tz, site_id=site_id)
