"""The time line of a series as the page draws it: its visits by date, and between them the reviews that release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from pacificmind.tasks.models import Task
from pacificmind.ui.dates import local, time_words
from scheduling.domain.protocol import review_opens_after
from scheduling.models import ACTIVE, Series, StageRelease, Status
from scheduling.queries.visits import Shown

COMING = (Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class VisitCard:
    """One visit. `look` is done, next, later, held or over: a border beside the words, never in their place."""

    title: str
    state: str
    look: str
    day: str
    time: str
    place: str
    url: str
    one: Shown
    why: str = ""
    is_review: bool = False


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A review point: signed by whom, or what it waits for. `look` is done, person or later."""

    title: str
    text: str
    look: str
    is_review: bool = True


def next_of(shown: Sequence[Shown]) -> Shown | None:
    """The visit that is next: under way, or the first to come."""
    return next((one for one in shown if one.visit.status in COMING), None)


def cards(
    series: Series, shown: Sequence[Shown], releases: Sequence[StageRelease], reviews: Sequence[Task], *, today: date
) -> list[VisitCard | ReviewCard]:
    """Visits by time, each review point before the first visit that it releases."""
    following = next_of(shown)
    points = list(range(series.stage_size, series.order.infusions, series.stage_size))
    done = sum(one.visit.status == Status.FULFILLED for one in shown)
    made: list[VisitCard | ReviewCard] = []
    for one in shown:
        number = one.visit.number or 0
        while points and one.visit.is_active and number > points[0]:
            made.append(_review(series, points.pop(0), releases, reviews, done))
        made.append(_visit(one, today, following=following is one))
    return made + [_review(series, point, releases, reviews, done) for point in points]


def _visit(one: Shown, today: date, *, following: bool) -> VisitCard:
    visit = one.visit
    wall = local(visit.starts_at, visit.site.tz)
    year = "" if wall.year == today.year else f", {wall.year}"
    active = visit.status in ACTIVE
    look = "done" if visit.status == Status.FULFILLED else "held" if visit.status == Status.HELD else "later"
    return VisitCard(
        title=f"Visit {visit.number}" if active else "A visit",
        state=one.state,
        look="next" if following else look if active else "over",
        day=f"{wall:%a, %b} {wall.day}{year}",
        time=time_words(wall),
        place=", ".join(str(part) for part in (visit.room, visit.clinician) if part),
        url=reverse("desk-visit", args=[visit.pk]),
        one=one,
        why="" if active else visit.cancelled_why,
    )


def _review(
    series: Series, point: int, releases: Sequence[StageRelease], reviews: Sequence[Task], done: int
) -> ReviewCard:
    """The review after visit `point`: signed, late or open, or still to come."""
    title = f"Review before visit {point + 1}"
    if series.released_to > point:
        signed = min(
            (one for one in releases if one.released_to > point), key=lambda one: one.released_to, default=None
        )
        if signed is None:
            return ReviewCard(title, "Released.", "done")
        on = local(signed.at, series.site.tz)
        return ReviewCard(title, f"Released by {signed.by}, {on:%b} {on.day}.", "done")
    opens = review_opens_after(point + 1)
    if series.status != Series.Status.OPEN:
        return ReviewCard(title, "Not needed any more.", "later")
    if done >= opens or reviews:
        due = min((task.due_at for task in reviews), default=None)
        by = local(due, series.site.tz) if due is not None and series.released_to == point else None
        text = f"Waits for a clinician, by {by:%b} {by.day}, {time_words(by)}." if by else "Waits for a clinician."
        return ReviewCard(
            title, text if point == series.released_to else "Later.", "person" if by or not due else "later"
        )
    return ReviewCard(title, f"Opens after visit {opens}.", "later")
