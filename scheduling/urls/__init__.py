"""Addresses of scheduling, by who uses them."""

from scheduling.urls import desk, inquiry, manage, patient, people, repair, reports, series, waitlist

urlpatterns = [
    *manage.urlpatterns,
    *patient.urlpatterns,
    *desk.urlpatterns,
    *inquiry.urlpatterns,
    *people.urlpatterns,
    *repair.urlpatterns,
    *reports.urlpatterns,
    *series.urlpatterns,
    *waitlist.urlpatterns,
]
