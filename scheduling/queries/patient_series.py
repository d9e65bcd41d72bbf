"""The patient's treatment visits as a time line: what is done, booked, held, what is next, what has no time yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pacificmind.accounts.models import User
from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.ui.parts import STATES, part
from scheduling.models import ACTIVE, Appointment, Kind, Series, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.patient_known import COMING, HERE, own_visits, visit_words, when

EARLIER_MOST = 30
HELD = "Planned. We will confirm this one after your clinician has looked."
NO_TIME = "No time yet. The front desk finds one with you."
WORDS = {
    Status.HELD: HELD,
    Status.BOOKED: "Booked.",
    Status.ARRIVED: "You are here.",
    Status.CHECKED_IN: "You are here.",
    Status.FULFILLED: "Done.",
    Status.CANCELLED: "Cancelled.",
    Status.NOSHOW: "Did not take place.",
}
SHAPES = {Status.FULFILLED: "done", Status.HELD: "person", Status.CANCELLED: "over", Status.NOSHOW: "over"}


@dataclass(frozen=True, slots=True)
class Line:
    """A visit on the line, or a place on it that has no time yet (then `visit` is None)."""

    title: str
    text: str
    state: str
    when: str = ""
    visit: Appointment | None = None
    is_next: bool = False
    can_change: bool = False

    @property
    def shape(self) -> str:
        """The drawing beside it."""
        return STATES[self.state]


@dataclass(frozen=True)
class Visits:
    """What the page shows: the running or last series, other visits to come, and what was before, newest first."""

    series: Series | None
    line: Sequence[Line]
    coming: Sequence[Line]
    earlier: Sequence[Line]

    @property
    def done(self) -> int:
        """How many of the series took place."""
        return sum(one.visit is not None and one.visit.status == Status.FULFILLED for one in self.line)

    @property
    def treated(self) -> bool:
        """Whether any treatment took place, so that a further one can be asked for."""
        shown = (*self.line, *self.earlier)
        return any(
            one.visit is not None and one.visit.kind in TREATMENTS and one.visit.status == Status.FULFILLED
            for one in shown
        )

    @property
    def held(self) -> bool:
        """Whether some of it waits for a clinician."""
        return any(one.visit is not None and one.visit.status == Status.HELD for one in self.line)


def read(user: User, *, every: bool = False) -> Visits:
    """The visits of the user, of earlier ones the newest unless `every` is asked for: a fixed number of queries."""
    visits = list(own_visits(user).order_by("starts_at", "pk"))
    runs = Series.objects.select_related("order", "site").filter(patient__user=user).order_by("-made_at")
    series = runs.filter(status=Series.Status.OPEN).first() or runs.first()
    notice = now() + timedelta(hours=ClinicSettings.current().notice_hours)
    following = next((one for one in visits if _is_coming(one) and one.status != Status.HELD), None)
    own = [one for one in visits if series is not None and one.series_id == series.pk]
    others = [one for one in visits if one not in own]

    def shown(visits: Sequence[Appointment]) -> list[Line]:
        return [_line(one, is_next=one is following, notice=notice) for one in visits]

    return Visits(
        series=series,
        line=[*shown(own), *_without_time(series, own)],
        coming=shown([one for one in others if _is_coming(one)]),
        earlier=part(shown([one for one in reversed(others) if not _is_coming(one)]), None if every else EARLIER_MOST),
    )


def _is_coming(visit: Appointment) -> bool:
    return visit.status in (*COMING, *HERE) and visit.ends_at > now()


def _line(visit: Appointment, *, is_next: bool, notice: datetime) -> Line:
    status = Status(visit.status)
    dropped = status in (Status.CANCELLED, Status.NOSHOW)
    # A visit that was taken out has no place in the count any more: its old number now belongs to another one.
    title = str(Kind(visit.kind).label) if dropped and visit.kind in TREATMENTS else visit_words(visit)
    return Line(
        title=title,
        text=WORDS[status],
        state="now" if is_next else SHAPES.get(status, "later"),
        when=when(visit),
        visit=visit,
        is_next=is_next,
        can_change=status in COMING and visit.starts_at >= notice,
    )


def _without_time(series: Series | None, own: Sequence[Appointment]) -> list[Line]:
    """The places of an open series for which no visit stands."""
    if series is None or series.status != Series.Status.OPEN:
        return []
    ordered, stand = series.order.infusions, sum(one.status in ACTIVE for one in own)
    label = Kind.INFUSION.label
    return [Line(f"{label} {number} of {ordered}", NO_TIME, "later") for number in range(stand + 1, ordered + 1)]
