"""Before and after of a repair in rows: one line a visit, what becomes of it in a word and a shape."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from intake.models import Patient
from pacificmind.accounts.models import Clinician
from pacificmind.clinic.models import Site
from pacificmind.ui.status import Status as Tag
from scheduling.models import Appointment, Repair, Room, Series, Status
from scheduling.queries.visits import what_words, with_names
from scheduling.services.repair_adjust import key_of
from scheduling.services.repair_book import Spot
from scheduling.services.repair_parts import PatientPlan, Plan

STAYS, MOVED = Tag("Stays", "check", "over"), Tag("New time", "arrow", "person")
INSTEAD = Tag("Same time", "ring", "calm")
ADDED, STUCK = Tag("Added", "dot", "person"), Tag("No lawful time", "triangle", "person")
HELD_NOW, BOOKED_NOW, TAKEN = (
    Tag("Held again", "half", "waiting"),
    Tag("Booked now", "dot", "calm"),
    Tag("Taken back", "cross", "over"),
)


ONE_MORE = "Infusion, in place of a missing one"
CALL_WITHIN = timedelta(days=2)


@dataclass(frozen=True)
class Half:
    """One side of a line: when, and where with whom."""

    starts_at: datetime
    where: str


@dataclass(frozen=True)
class Line:
    """One visit. `key` names it for another time; empty where there is none to choose."""

    what: str
    before: Half | None
    after: Half | None
    tag: Tag
    say: str = ""
    key: str = ""
    becomes: str = ""  # its number in the series, where another than before

    @property
    def at(self) -> datetime:
        """When it is, or was to be."""
        half = self.before or self.after
        return half.starts_at if half else datetime.max.replace(tzinfo=UTC)

    @property
    def changes(self) -> bool:
        """Whether anything about it is other than before."""
        return self.tag is not STAYS


@dataclass(frozen=True)
class Card:
    """One patient: the lines by time, new weeks with too few visits."""

    patient: Patient
    site: Site
    lines: Sequence[Line]
    thin: Sequence[str] = ()

    @property
    def changing(self) -> list[Line]:
        """The lines of which something changes, or for which no place is found."""
        return [line for line in self.lines if line.changes]

    @property
    def staying(self) -> list[Line]:
        """The lines that stay as they are."""
        return [line for line in self.lines if not line.changes]

    def is_soon(self, at: datetime) -> bool:
        """Whether another time than before concerns the next days: whoever reads the mail later comes in vain."""
        sides = [half for line in self.lines if line.tag in (MOVED, ADDED) for half in (line.before, line.after)]
        return any(half is not None and at < half.starts_at < at + CALL_WITHIN for half in sides)

    @property
    def moved(self) -> int:
        """How many visits change."""
        return sum(line.tag in (MOVED, INSTEAD, ADDED) for line in self.lines)

    @property
    def stuck(self) -> int:
        """For how many there is no lawful time."""
        return sum(line.tag is STUCK for line in self.lines)


@dataclass(frozen=True)
class _Names:
    """Rooms and clinicians in words, by id."""

    rooms: Mapping[uuid.UUID, str]
    people: Mapping[uuid.UUID, str]

    @classmethod
    def of(cls, spots: Iterable[Spot]) -> "_Names":
        found = list(spots)
        rooms = Room.objects.filter(pk__in={spot.room_id for spot in found if spot.room_id})
        people = Clinician.objects.filter(pk__in={spot.clinician_id for spot in found}).select_related("user")
        return cls({one.pk: one.name for one in rooms}, {one.pk: str(one) for one in people})

    def half(self, spot: Spot) -> Half:
        """A side of a line."""
        room = self.rooms.get(spot.room_id, "") if spot.room_id else "By video"
        return Half(spot.starts_at, ", ".join(part for part in (room, self.people.get(spot.clinician_id, "")) if part))


def cards_of(plan: Plan) -> list[Card]:
    """The plan in rows: a fixed number of queries whatever it holds."""
    names = _Names.of(change.spot for one in plan.patients for change in one.changes)
    ids = [pk for one in plan.patients for pk in one.seen]
    visits = {visit.pk: visit for visit in with_names(Appointment.objects.filter(pk__in=ids))}
    runs = {change.series_id for one in plan.patients for change in one.changes if change.series_id}
    series = {one.pk: one for one in Series.objects.filter(pk__in=runs).select_related("order", "site")}
    found = Patient.objects.filter(pk__in=[one.patient_id for one in plan.patients]).select_related("site")
    people = {one.pk: one for one in found}
    return _in_order(_card(one, people[one.patient_id], visits, series, names) for one in plan.patients)


def _in_order(cards: Iterable[Card]) -> list[Card]:
    """Whom no lawful time was found for first: they need a person. Then by the first visit that changes."""
    never = datetime.max.replace(tzinfo=UTC)
    firsts = [(min((line.at for line in one.changing), default=never), one) for one in cards]
    return [one for _, one in sorted(firsts, key=lambda each: (not each[1].stuck, each[0]))]


def _card(
    one: PatientPlan,
    patient: Patient,
    visits: Mapping[uuid.UUID, Appointment],
    series: Mapping[uuid.UUID, Series],
    names: _Names,
) -> Card:
    moved = {change.visit_id: (n, change) for n, change in enumerate(one.changes) if change.visit_id}
    stuck = {each.visit_id: (n, each) for n, each in enumerate(one.stuck, start=len(one.changes))}
    lines: list[tuple[datetime, Line]] = []
    numbers = _numbers(one, visits)
    site = patient.site
    for pk in one.seen:
        visit = visits.get(pk)
        if visit is None or (visit.status not in (Status.HELD, Status.BOOKED) and pk not in moved):
            continue
        site = visit.site
        before = Half(visit.starts_at, _where(visit))
        if pk in moved:
            n, change = moved[pk]
            after = names.half(change.spot)
            tag = INSTEAD if after.starts_at == before.starts_at else MOVED
            line = Line(what_words(visit), before, after, tag, key=key_of(change, n), becomes=_becomes(visit, numbers))
        elif pk in stuck:
            n, why = stuck[pk]
            line = Line(what_words(visit), before, None, STUCK, why.say, key_of(why, n))
        else:
            line = Line(what_words(visit), before, before, _stage(visit, numbers), becomes=_becomes(visit, numbers))
        lines.append(((line.after or before).starts_at, line))
    for n, change in enumerate(one.changes):
        if change.visit_id is None and change.series_id is not None:
            site = series[change.series_id].site
            after = names.half(change.spot)
            lines.append((after.starts_at, Line(ONE_MORE, None, after, ADDED, key=key_of(change, n))))
    if None in stuck:
        last = datetime.max.replace(tzinfo=UTC)
        lines.append((last, Line("One more infusion", None, None, STUCK, stuck[None][1].say)))
    return Card(patient, site, [line for _, line in sorted(lines, key=lambda each: each[0])], one.thin)


def _numbers(one: PatientPlan, visits: Mapping[uuid.UUID, Appointment]) -> dict[uuid.UUID, int]:
    """The number in its series that each visit has by its new time; none where no visit of the series changes."""
    runs = {change.series_id for change in one.changes if change.series_id}
    starts = {change.visit_id: change.spot.starts_at for change in one.changes if change.visit_id}
    found: dict[uuid.UUID, int] = {}
    for run in runs:
        new = [(change.spot.starts_at, None) for change in one.changes if change.visit_id is None]
        theirs = [(starts.get(pk, visits[pk].starts_at), pk) for pk in one.seen if visits[pk].series_id == run]
        for number, (_, pk) in enumerate(sorted([*new, *theirs], key=lambda each: each[0]), start=1):
            if pk is not None:
                found[pk] = number
    return found


def _becomes(visit: Appointment, numbers: Mapping[uuid.UUID, int]) -> str:
    number = numbers.get(visit.pk, visit.number)
    if number == visit.number or visit.series is None:
        return ""
    return f"then {number} of {visit.series.order.infusions}"


def _stage(visit: Appointment, numbers: Mapping[uuid.UUID, int]) -> Tag:
    """What becomes of a visit that keeps its time: one that crosses the review point is booked now, or held again."""
    if visit.series is None or visit.number is None:
        return STAYS
    released, number = visit.series.released_to, numbers.get(visit.pk, visit.number)
    if visit.status == Status.HELD and number <= released < visit.number:
        return BOOKED_NOW
    return HELD_NOW if visit.status == Status.BOOKED and visit.number <= released < number else STAYS


def _where(visit: Appointment) -> str:
    room = visit.room.name if visit.room else "By video"
    return f"{room}, {visit.clinician}"


def made_cards(repair: Repair, visits: Sequence[Appointment]) -> list[Card]:
    """What a saved repair changed: the columns of before, the visits as they are now."""
    spots = [_spot(columns) for columns in repair.before.values() if columns]
    names = _Names.of(spots)
    by_patient: dict[uuid.UUID, list[Appointment]] = {}
    for visit in visits:
        by_patient.setdefault(visit.patient_id, []).append(visit)
    return _in_order(
        Card(found[0].patient, found[0].site, [_made(repair, visit, names) for visit in found])
        for found in by_patient.values()
    )


def _made(repair: Repair, visit: Appointment, names: _Names) -> Line:
    columns = repair.before.get(str(visit.pk))
    before = names.half(_spot(columns)) if columns else None
    after = Half(visit.starts_at, _where(visit)) if visit.is_active else None
    return Line(what_words(visit), before, after, _tag(repair, visit, before, columns))


def _tag(repair: Repair, visit: Appointment, before: Half | None, columns: dict[str, str] | None) -> Tag:
    if str(visit.pk) not in repair.after:
        return STUCK
    if repair.undone_at is not None:
        return TAKEN
    if before is None or columns is None:
        return ADDED
    if before.starts_at != visit.starts_at:
        return MOVED
    if before.where != _where(visit):
        return INSTEAD
    if columns["status"] == visit.status:
        return STAYS
    return HELD_NOW if visit.status == Status.HELD else BOOKED_NOW


def _spot(columns: Mapping[str, str]) -> Spot:
    room = columns["room"]
    start = datetime.fromisoformat(columns["starts_at"])
    return Spot(start, uuid.UUID(columns["clinician"]), (0, 1), uuid.UUID(room) if room else None)
