"""Tasks to move visits that have become needless: the place is there again."""

from collections.abc import Iterable
from datetime import timedelta

from pacificmind.accounts.models import User
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.services import close_tasks
from scheduling.models import Appointment
from scheduling.queries import repair as queries
from scheduling.queries.visits import with_names
from scheduling.services.repair_book import Book, Spot, lanes_of, span_of

FITS = "fits again"


def close_fitting(visits: Iterable[Appointment], *, by: User) -> int:
    """Close the open tasks to move those of the visits whose room, lane and hours are free for them again; how many.

    Belongs into the transaction that gives a time back, after it is written.
    """
    ids = [visit.pk for visit in visits]
    named = with_names(Appointment.objects.filter(pk__in=ids, status__in=queries.MOVABLE))
    found = list(queries.with_open_task(named, TaskKind.VISIT_TO_MOVE))
    closed = 0
    for visit in found:
        if stands(visit):
            closed += close_tasks(visit.pk, TaskKind.VISIT_TO_MOVE, by=by, outcome=FITS)
    return closed


def stands(visit: Appointment) -> bool:
    """Whether the visit's own place is there for it: hours, shift, room, lane."""
    book = Book(span_of([visit], least=timedelta(), after=timedelta()), [visit])
    spot = Spot(visit.starts_at, visit.clinician_id, lanes_of(visit), visit.room_id)
    return book.is_free(visit.site, visit.kind, spot, patient_id=visit.patient_id, telehealth=visit.telehealth)
