"""Addresses for the tests of error pages."""

from typing import NoReturn

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path


def fail(request: HttpRequest) -> NoReturn:
    raise ValueError("Maya's secret")


def locked(request: HttpRequest) -> NoReturn:
    raise OperationalError("canceling statement due to lock timeout")


def cut(request: HttpRequest) -> NoReturn:
    raise DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq")


def broken_rule(request: HttpRequest) -> NoReturn:
    raise IntegrityError("Maya's secret")


def forbidden(request: HttpRequest) -> NoReturn:
    raise PermissionDenied("Maya's secret")


def suspicious(request: HttpRequest) -> NoReturn:
    raise SuspiciousOperation("Maya's secret")


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(getattr(request, "ref", ""))


urlpatterns = [
    path("fail", fail),
    path("locked", locked),
    path("cut", cut),
    path("broken-rule", broken_rule),
    path("forbidden", forbidden),
    path("suspicious", suspicious),
    path("fine", fine),
    path("staff/", fine, name="desk-inbox"),
    path("me/", fine, name="patient-home"),
    path("me/messages/", fine, name="patient-messages"),
]
handler400 = "pacificmind.ui.views.bad_request"
handler403 = "pacificmind.ui.views.permission_denied"
handler404 = "pacificmind.ui.views.page_not_found"
handler500 = "pacificmind.ui.views.server_error"
