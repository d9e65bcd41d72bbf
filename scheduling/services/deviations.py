"""P4 met with: a series week that fell below two infusions without anyone planning it."""

from datetime import timedelta

from pacificmind.clock import now
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Queue
from pacificmind.tasks.services import open_task
from scheduling.domain import protocol as rules
from scheduling.models import Deviation, Series, Status
from scheduling.services import protocol

WHY = {Status.NOSHOW: "A visit was missed.", Status.CANCELLED: "A visit was cancelled."}


def record_unplanned(series: Series, before: rules.SeriesDays, *, status: Status) -> None:
    """Keep the weeks that became thin by this change, and tell a prescriber."""
    after = protocol.series_days(series)
    known = {d.week for d in rules.deviations(before)} | set(series.deviations.values_list("week", flat=True))
    new = [d.week for d in rules.deviations(after) if d.week not in known]
    if not new:
        return
    Deviation.objects.bulk_create(
        Deviation(series=series, week=week, planned=False, reason=WHY.get(status, "A visit was taken out."))
        for week in new
    )
    open_task(
        TaskKind.DEVIATION,
        subject_type="scheduling.series",
        subject_id=series.pk,
        queue=Queue.PRESCRIBERS,
        due_at=now() + timedelta(days=1),
        site_id=series.site_id,
        patient_id=series.patient_id,
    )
