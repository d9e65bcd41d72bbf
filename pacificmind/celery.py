"""The Celery application. The broker carries ids only and may be lost: every duty is a row in PostgreSQL."""

import gc
import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pacificmind.settings")

app = Celery("pacificmind")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def settle(**_: object) -> None:
    """Keep what a worker loaded at its start out of each later look for garbage: none of it ever goes."""
    gc.collect()
    gc.freeze()
