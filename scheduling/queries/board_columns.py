"""The columns of a board: a room, a clinician, or the video visits of a site."""

from collections.abc import Sequence
from dataclasses import dataclass

from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from scheduling.models import Appointment, Room
from scheduling.queries.board_supply import Supply
from scheduling.queries.visits import Shown


@dataclass(frozen=True)
class Column:
    """A room, a clinician, or (with neither) the video visits of a site, which may lie side by side."""

    site: Site
    room: Room | None = None
    clinician: Clinician | None = None

    @property
    def name(self) -> str:
        """What stands at its head."""
        return str(self.room or self.clinician or "Video")

    @property
    def key(self) -> str:
        """Names it on the page: what a dragged visit is dropped on."""
        thing = self.room or self.clinician
        return f"{'room' if self.room else 'clinician'}:{thing.pk}" if thing else f"video:{self.site.pk}"

    @property
    def in_use(self) -> bool:
        """False for a room that is out of use and still holds visits."""
        return self.room is None or self.room.in_use

    def holds(self, visit: Appointment) -> bool:
        """Whether a visit stands in this column."""
        if self.clinician is not None:
            return bool(visit.clinician_id == self.clinician.pk)
        return bool(visit.site_id == self.site.pk and visit.room_id == (self.room.pk if self.room else None))


def columns_of(supply: Supply, active: Sequence[Shown]) -> list[Column]:
    """The columns, by site and name; a room out of use, or a clinician off shift, only where there are visits."""
    if supply.scope.by_clinician:
        return _clinicians(supply, active)
    used = {one.visit.room_id for one in active}
    video = {one.visit.site_id for one in active if one.visit.room_id is None}
    single = len(supply.scope.sites) == 1
    found: list[Column] = []
    for site in supply.scope.sites:
        rooms = [room for room in supply.rooms if room.site_id == site.pk and (room.in_use or room.pk in used)]
        found += [Column(site, room=room) for room in rooms]
        if single or site.pk in video:
            found.append(Column(site))
    return found


def _clinicians(supply: Supply, active: Sequence[Shown]) -> list[Column]:
    scope = supply.scope
    at: dict[object, Column] = {}
    for one in supply.shifts:
        where = next(site for site in scope.sites if any(one.on(day, site) for day in scope.days))
        at[one.clinician.pk] = Column(where, clinician=one.clinician)
    for shown in active:
        visit = shown.visit
        at.setdefault(visit.clinician_id, Column(visit.site, clinician=visit.clinician))
    order = {site.pk: number for number, site in enumerate(scope.sites)}
    return sorted(at.values(), key=lambda one: (order[one.site.pk], one.name, one.key))
