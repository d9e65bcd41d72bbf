"""Addresses. Each app brings its own; their names are unique over the whole project."""

from django.conf import settings
from django.urls import include, path

from pacificmind import health

urlpatterns = [
    path("", include("pacificmind.ui.urls")),
    path("", include("pacificmind.accounts.urls")),
    path("", include("scheduling.urls")),
    path("", include("intake.urls")),
    path("", include("pacificmind.messaging.urls")),
    path("", include("pacificmind.tasks.urls")),
    path("", include("pacificmind.audit.urls")),
    *([path("", include("pacificmind.demo.urls"))] if settings.DEMO else []),
    path("accounts/", include("allauth.urls")),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]

handler400 = "pacificmind.ui.views.bad_request"
handler403 = "pacificmind.ui.views.permission_denied"
handler404 = "pacificmind.ui.views.page_not_found"
handler500 = "pacificmind.ui.views.server_error"
