"""The WSGI entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from pacificmind.checks import refuse_to_serve_unconfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pacificmind.settings")

refuse_to_serve_unconfigured()
application = get_wsgi_application()
