"""Public pages and the gallery of components. Error handlers are re-exported for settings and urls."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import public
from pacificmind.ui import gallery_data
from pacificmind.ui.errors import (
    bad_request,
    busy,
    csrf_failure,
    page_not_found,
    permission_denied,
    server_error,
)

__all__ = [
    "accessibility",
    "bad_request",
    "busy",
    "crisis",
    "csrf_failure",
    "gallery",
    "home",
    "page_not_found",
    "permission_denied",
    "privacy",
    "server_error",
    "token",
]


@public
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the treatment is and is not, where we are, how it goes."""
    from pacificmind.clinic.models import Site  # late: error pages import this module without any model

    return render(request, "public/home.html", {"sites": list(Site.objects.order_by("name"))})


@public
@require_safe
def crisis(request: HttpRequest) -> HttpResponse:
    """Help now, for anyone; needs nothing of the visitor."""
    return render(request, "public/crisis.html")


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Who sees what, in plain words."""
    return render(request, "public/privacy.html")


@public
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What we did so that everybody can use these pages, and how to tell us when we did not."""
    return render(request, "public/accessibility.html")


@public
@require_safe
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """The form token in force, for a form reached by the back button. Readable by our own pages only (no CORS)."""
    return HttpResponse(get_token(request), content_type="text/plain")


@public
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component on one page, in development and demo only."""
    if not (settings.DEBUG or getattr(settings, "DEMO", False)):
        raise Http404
    return render(request, "components/gallery.html", gallery_data.context())
