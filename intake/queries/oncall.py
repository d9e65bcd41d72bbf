"""Who is on call, when nobody is, and who prescribes."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from intake.domain.rota import Span, gaps
from intake.models import OnCall
from pacificmind.accounts.models import Clinician, Role, RoleGrant, User
from pacificmind.clinic.models import Site


def prescribers(site_id: str | None = None) -> list[User]:
    """Active prescribers, of a site or of all sites."""
    grants = RoleGrant.objects.filter(role=Role.CLINICIAN, user__is_active=True)
    if site_id is not None:
        grants = grants.filter(site_id=site_id)
    able = Clinician.objects.filter(is_prescriber=True).values("user_id")
    return list(User.objects.filter(pk__in=grants.values("user_id")).filter(pk__in=able).order_by("pk"))


def on_call(site_id: str, moment: datetime) -> list[User]:
    """Who is on call for a site at an instant: one person, or nobody; nobody who left or prescribes no more."""
    rows = OnCall.objects.filter(site_id=site_id, starts_at__lte=moment, ends_at__gt=moment)
    return [row.user for row in standing(rows)]


def standing(rows: QuerySet[OnCall]) -> QuerySet[OnCall]:
    """Those whose person can still be paged and take an alert."""
    able = Clinician.objects.filter(is_prescriber=True).values("user_id")
    treats = RoleGrant.objects.filter(role=Role.CLINICIAN).values("user_id")
    return rows.filter(user__is_active=True, user__in=able).filter(user__in=treats).select_related("user", "site")


def gaps_of(site_id: str, start: datetime, end: datetime) -> tuple[Span, ...]:
    """The times in [start, end) at which nobody is on call for a site."""
    rows = standing(OnCall.objects.filter(site_id=site_id, starts_at__lt=end, ends_at__gt=start))
    return gaps([Span(row.starts_at, row.ends_at) for row in rows], Span(start, end))


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody on call for one site or several at once."""

    key: uuid.UUID
    user: User
    sites: tuple[Site, ...]
    starts_at: datetime
    ends_at: datetime
    able: bool

    @property
    def zone(self) -> str:
        """Whose clock its times are told by."""
        return self.sites[0].zone

    @property
    def where(self) -> str:
        """The sites in words."""
        return ", ".join(site.name for site in self.sites)


def duties(rows: Iterable[OnCall], able: Sequence[User]) -> list[Duty]:
    """The rows of a rota put together again, the earliest first."""
    known, found = {user.pk for user in able}, dict[tuple[object, ...], list[OnCall]]()
    for row in rows:
        found.setdefault((row.duty, row.starts_at, row.ends_at), []).append(row)
    made = [
        Duty(
            key=some[0].duty,
            user=some[0].user,
            sites=tuple(sorted((row.site for row in some), key=lambda site: site.name)),
            starts_at=some[0].starts_at,
            ends_at=some[0].ends_at,
            able=some[0].user_id in known,
        )
        for some in found.values()
    ]
    return sorted(made, key=lambda duty: (duty.starts_at, duty.where))


def coming(moment: datetime) -> list[Duty]:
    """Every duty that is not over."""
    rows = OnCall.objects.filter(ends_at__gt=moment).select_related("user", "site").order_by("starts_at")
    return duties(rows, prescribers())
