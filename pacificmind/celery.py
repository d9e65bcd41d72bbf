"""The Celery application. The broker carries ids only and may be lost: every duty is a row in PostgreSQL."""

import os

from celery import Celery
from celery.signals import worker_process_init

from pacificmind.heap import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pacificmind.settings")

app = Celery("pacificmind")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def begin(**_: object) -> None:
    """A worker has loaded all that it will."""
    settle()
