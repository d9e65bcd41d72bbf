"""The Celery application. The broker carries ids only and may be lost: every duty is a row in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pacificmind.settings")

app = Celery("pacificmind")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
