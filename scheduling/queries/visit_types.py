"""The kinds of visit as the clinic has set them up, or as they usually are."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject

from pacificmind.clinic.models import ClinicSettings, keep_settings
from pacificmind.prepared import Prepared, Told
from scheduling.models import Kind, VisitType

FALLBACK_MINUTES = {Kind.CONSULTATION: 60, Kind.INFUSION: 120, Kind.BOOSTER: 120, Kind.FOLLOW_UP: 30}
WHOLE = (Kind.CONSULTATION, Kind.FOLLOW_UP)

_TYPES = Prepared(VisitType.objects.all)
_SET_UP = Prepared(
    lambda: ClinicSettings.objects.filter(id=1).annotate(
        told_types=ArraySubquery(
            VisitType.objects.values(told=JSONObject(**{one.attname: one.attname for one in VisitType._meta.fields}))
        )
    )
)
_TYPE = Prepared(lambda: VisitType.objects.filter(kind=Told("kind")))
_types: ContextVar[dict[str, VisitType] | None] = ContextVar("visit types of this transaction", default=None)


@contextmanager
def types_read_once() -> Iterator[None]:
    """Within the block the kinds of visit are read once: one booking asks for them at many places."""
    token = _types.set({})
    try:
        yield
    finally:
        _types.reset(token)


def visit_types() -> dict[str, VisitType]:
    """Every kind of visit, the usual ones where the clinic set none up."""
    kept = _types.get()
    if kept:
        return kept
    found = {one.kind: one for one in (_TYPES() if kept is None else _types_with_settings())}
    every = {kind: found.get(kind) or _usual(kind) for kind in Kind.values}
    if kept is not None:
        kept.update(every)
    return every


def _types_with_settings() -> list[VisitType]:
    """Those that the clinic set up, in one statement with its settings: whoever reads them once needs both."""
    clinic = _SET_UP.first()
    if clinic is None:
        return _TYPES()
    keep_settings(clinic)
    return [VisitType(**told) for told in vars(clinic)["told_types"]]


def visit_type(kind: str) -> VisitType:
    """The visit type, or the usual one where the clinic set none up."""
    if _types.get() is not None:
        return visit_types()[kind]
    return _TYPE.first(kind=kind) or _usual(kind)


def _usual(kind: str) -> VisitType:
    return VisitType(kind=kind, name=Kind(kind).label, minutes=FALLBACK_MINUTES[Kind(kind)], all_lanes=kind in WHOLE)
