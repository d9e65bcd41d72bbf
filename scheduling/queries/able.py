"""Who may hold a kind of visit at a site, and in which rooms."""

from collections.abc import Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.prepared import Prepared, Told
from scheduling.models import Kind, Room, ShiftException, WeeklyShift
from scheduling.queries.visit_types import WHOLE, visit_type


def clinicians_for(site: Site | Told, kind: str) -> QuerySet[Clinician]:
    """Clinicians who may hold this kind of visit and work at this site, by id."""
    able = Q(is_prescriber=True) if kind in WHOLE else Q(attends_infusions=True)
    shifts = WeeklyShift.objects.filter(clinician=OuterRef("pk"), site=site)
    dated = ShiftException.objects.filter(clinician=OuterRef("pk"), site=site, starts__isnull=False)
    works = Q(Exists(shifts)) | Q(Exists(dated))
    return Clinician.objects.filter(able & works, user__is_active=True).select_related("user").order_by("pk")


def rooms_for(site: Site | Told, kind: str, *, needs: Sequence[str] | Told | None = None) -> QuerySet[Room]:
    """Rooms of the site in which this kind of visit can be held, with all that it needs, by id."""
    wanted = visit_type(kind).needs if needs is None else needs
    has_all = Cast(wanted, Room._meta.get_field("features")) if isinstance(wanted, Told) else wanted
    rooms = Room.objects.filter(site=site, in_use=True, features__contains=has_all)
    return (rooms if kind in WHOLE else rooms.filter(for_infusions=True)).order_by("pk")


_CLINICIANS = {kind: Prepared(partial(clinicians_for, Told("site"), kind)) for kind in Kind.values}
_ROOMS = {kind: Prepared(partial(rooms_for, Told("site"), kind, needs=Told("needs"))) for kind in Kind.values}


def staff_of(site_id: str, kind: str) -> list[Clinician]:
    """Those of `clinicians_for`: every booking asks that names nobody."""
    return _CLINICIANS[kind](site=site_id)


def places_of(site_id: str, kind: str) -> list[Room]:
    """Those of `rooms_for`: every booking asks that names no room."""
    return _ROOMS[kind](site=site_id, needs=visit_type(kind).needs)
