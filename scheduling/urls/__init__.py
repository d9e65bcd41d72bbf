"""Addresses of scheduling, by who uses them."""

from scheduling.urls import desk, patient, people, reports, series, waitlist

urlpatterns = [
    *patient.urlpatterns,
    *desk.urlpatterns,
    *people.urlpatterns,
    *reports.urlpatterns,
    *series.urlpatterns,
    *waitlist.urlpatterns,
]
