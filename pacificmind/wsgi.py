"""The WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from pacificmind.checks import refuse_to_serve_unconfigured
from pacificmind.heap import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pacificmind.settings")

refuse_to_serve_unconfigured()
application = get_wsgi_application()
# Every page is loaded before the workers fork, not with the first request of each.
_pages = get_resolver().url_patterns
settle()
