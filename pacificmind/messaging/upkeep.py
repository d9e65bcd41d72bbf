"""Signs of life, and removing what is old."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count, F
from django.db.models.functions import TruncMonth

from pacificmind.clinic.models import ClinicSettings
from pacificmind.clock import now
from pacificmind.messaging.models import InboundText, Message, Status, Tally
from pacificmind.tasks.models import Kind, Task

CLOCK, WORKER, DELIVERY = "clock", "worker", "delivery"
_BATCH = 2000
_FINISHED = (Status.SENT, Status.VOID, Status.FAILED)


def alive(name: str) -> None:
    """Write down that this was alive now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_pulse (name, at) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET at = GREATEST(messaging_pulse.at, excluded.at)",
            [name, now()],
        )


def remove_old(*, most: int = 100) -> int:
    """Remove finished messages that are older than the clinic keeps them, keeping counts; how many went.

    In batches of a transaction each, `most` of them; never one whose task is open. Texts that came in go with them.
    """
    removed = 0
    for _ in range(most):
        gone = _remove_some()
        removed += gone
        if gone < _BATCH:
            break
    _remove_texts()
    return removed


def _remove_some() -> int:
    before = now() - timedelta(days=ClinicSettings.current().message_keep_days)
    open_tasks = Task.objects.filter(done_at__isnull=True, subject_type="messaging.message").values("subject_id")
    with transaction.atomic(durable=True):
        old = Message.objects.filter(status__in=_FINISHED, done_at__lt=before).exclude(pk__in=open_tasks)
        ids = list(old.order_by("done_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:_BATCH])
        rows = Message.objects.filter(pk__in=ids)
        counted = rows.annotate(month=TruncMonth("done_at")).values("month", "purpose", "channel", "status")
        for one in counted.annotate(n=Count("pk")).order_by("month"):
            kind = {"purpose": one["purpose"], "channel": one["channel"], "status": one["status"]}
            tally, _ = Tally.objects.get_or_create(month=one["month"].date(), **kind, defaults={"count": 0})
            Tally.objects.filter(pk=tally.pk).update(count=F("count") + one["n"])
        return rows.delete()[0]


def _remove_texts() -> None:
    """Texts that came in, likewise; nobody's task is open about them."""
    before = now() - timedelta(days=ClinicSettings.current().message_keep_days)
    kinds = (Kind.TEXT_ANSWERED, Kind.TEXT_IN_CRISIS)
    open_tasks = Task.objects.filter(done_at__isnull=True, kind__in=kinds).values("subject_id")
    old = InboundText.objects.filter(at__lt=before).exclude(pk__in=open_tasks)
    InboundText.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_BATCH])).delete()
