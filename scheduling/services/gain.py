"""Little gain at a review point: what was released past it is held again until a prescriber has looked (P8, D85)."""

from datetime import datetime

from django.db.models import Count, F, Q

from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from scheduling.models import Series, StageRelease, Status
from scheduling.queries.outcomes import little_gain_since, review_points
from scheduling.services import notify, stages
from scheduling.services.locks import booking, lock


def hold_little_gain() -> int:
    """Hold the next stage of each series whose PHQ-9 after infusion 3 or 6 shows little gain; how many are new.

    A total that a prescriber has seen before they released holds nothing again. Nothing is cancelled: a held visit
    keeps its place. Safe to run at any time.
    """
    at_point = Count("visits", filter=Q(visits__status=Status.FULFILLED))
    open_ones = Series.objects.filter(status=Series.Status.OPEN).select_related("site").annotate(done=at_point)
    found = little_gain_since(list(open_ones.filter(done__in=review_points(), released_to__gt=F("done"))))
    return sum(_hold(series, measured_at) for series, measured_at in found)


def _hold(seen: Series, measured_at: datetime) -> bool:
    with booking():
        lock(patients=[seen.patient_id])
        series = Series.objects.select_related("order", "site").select_for_update(of=("self",), no_key=True)
        now_is = series.get(pk=seen.pk)
        done = stages.fulfilled(now_is)
        if now_is.status != Series.Status.OPEN or now_is.released_to <= done or done not in review_points():
            return False
        if StageRelease.objects.filter(series=now_is, at__gt=measured_at).exists():
            return False
        now_is.released_to, now_is.version = done, now_is.version + 1
        now_is.save(update_fields=["released_to", "version"])
        notify.visits_held(now_is, stages.hold_beyond(now_is))
        stages.open_review(now_is)
        record(
            Action.CHANGE,
            "hold-little-gain",
            by=None,
            subject=now_is,
            patient_id=now_is.patient_id,
            changes={"released_to": done},
        )
    return True
