"""Addresses of the manager about supply: sites, holidays, the painted week."""

from django.urls import URLPattern, path

from scheduling.urls import desk  # its converter of days  # noqa: F401
from scheduling.views.manage import leave, sites, week

urlpatterns: list[URLPattern] = [
    path("manage/sites/new/", sites.new, name="manage-site-new"),
    path("manage/sites/<slug:site>/holidays/", leave.holidays, name="manage-holidays"),
    path("manage/week/", week.today, name="manage-week-today"),
    path("manage/week/<slug:site>/<deskday:day>/", week.of_site, name="manage-week"),
    path("manage/staff/<uuid:person>/week/<deskday:day>/", week.of_person, name="manage-person-week"),
]
