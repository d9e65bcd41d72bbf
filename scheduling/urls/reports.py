"""Addresses of the managers' reports."""

from django.urls import URLPattern, path

from scheduling.views.manage import reports

urlpatterns: list[URLPattern] = [
    path("safety/times/", reports.alert_times, name="clinic-alert-times"),
    path("safety/times/file/", reports.alert_times_file, name="clinic-alert-times-file"),
    path("manage/reports/", reports.first, name="manage-reports"),
    path("manage/reports/<slug:report>/", reports.show, name="manage-report"),
    path("manage/reports/<slug:report>/file/", reports.download, name="manage-report-file"),
]
