"""Addresses of repair: its doors, a saved one and its undoing, when a patient can come."""

from django.urls import URLPattern, path

from scheduling.views.repair import doors, made

urlpatterns: list[URLPattern] = [
    path("desk/repair/", doors.index, name="desk-repairs"),
    path("desk/repair/waiting/", doors.waiting, name="desk-repair-waiting"),
    path("desk/repair/absence/", doors.absence, name="desk-absence"),
    path("desk/repair/series/<uuid:series>/", doors.series, name="desk-repair-series"),
    path("desk/repair/visits/<uuid:visit>/", doors.visit, name="desk-repair-visit"),
    path("desk/repair/leave/<uuid:leave>/", doors.leave, name="desk-repair-leave"),
    path("desk/repair/closures/<uuid:closure>/", doors.closure, name="desk-repair-closure"),
    path("desk/repair/patients/<uuid:patient>/", doors.patient, name="desk-repair-patient"),
    path("desk/repair/patients/<uuid:patient>/times/", made.times, name="desk-possible-times"),
    path("desk/repair/<uuid:repair>/", made.show, name="desk-repair"),
    path("desk/repair/<uuid:repair>/undo/", made.undo, name="desk-repair-undo"),
]
