"""gunicorn tests.bench.plain.wsgi:application"""

import os
import uuid

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.plain.settings"

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from tests.bench.plain.statements import STATEMENTS


def book(request: HttpRequest) -> HttpResponse:
    """Book what the form says."""
    values = {**request.POST.dict(), "request": str(uuid.uuid4()), "visit": str(uuid.uuid4())}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, values)
    return HttpResponseRedirect("/")


def alive(request: HttpRequest) -> HttpResponse:
    """For whoever waits for the start."""
    return HttpResponse("ok")


urlpatterns = [path("book/", book), path("healthz", alive)]
application = get_wsgi_application()
