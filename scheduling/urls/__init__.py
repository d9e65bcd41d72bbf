"""Addresses of scheduling, by who uses them: the desk's first, since a request tries them in this order."""

from scheduling.urls import desk, inquiry, manage, patient, people, repair, reports, series, waitlist

urlpatterns = [
    *desk.urlpatterns,
    *manage.urlpatterns,
    *patient.urlpatterns,
    *inquiry.urlpatterns,
    *people.urlpatterns,
    *repair.urlpatterns,
    *reports.urlpatterns,
    *series.urlpatterns,
    *waitlist.urlpatterns,
]
