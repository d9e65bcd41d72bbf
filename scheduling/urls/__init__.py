"""Addresses of scheduling, by who uses them."""

from scheduling.urls import desk, patient, people, series, waitlist

urlpatterns = [
    *patient.urlpatterns,
    *desk.urlpatterns,
    *people.urlpatterns,
    *series.urlpatterns,
    *waitlist.urlpatterns,
]
