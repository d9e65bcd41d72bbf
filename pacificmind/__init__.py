"""Pacific Mind: the web portal of a ketamine clinic."""

from pacificmind.celery import app as celery_app

__all__ = ["celery_app"]
