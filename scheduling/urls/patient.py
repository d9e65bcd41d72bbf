"""Pages of the patient."""

from django.urls import path

from scheduling.views import outcomes
from scheduling.views.patient import change, choose, feed, home, next_times, next_visit, possible_times, series, visit

urlpatterns = [
    path("home/", home.home, name="patient-home"),
    path("about-you/", home.about, name="patient-about"),
    path("how-we-reach-you/", home.contact, name="patient-contact"),
    path("call-me/", home.call_me, name="patient-call-me"),
    path("choose/", choose.choose, name="patient-choose"),
    path("choose/confirm/", choose.confirm, name="patient-choose-confirm"),
    path("your-visits/", series.visits, name="patient-visits"),
    path("your-answers/", outcomes.own, name="patient-outcomes"),
    path("times-that-suit/", possible_times.possible_times, name="patient-possible-times"),
    path("calendar/", feed.own_calendar, name="patient-calendar"),
    path("calendar/feed/<slug:token>.ics", feed.calendar_feed, name="calendar-feed"),
    path("next-visit/times/", next_times.next_times, name="patient-next-times"),
    path("next-visit/", next_visit.next_visit, name="patient-next-visit"),
    path("visits/<uuid:visit_id>/", visit.visit, name="patient-visit"),
    path("visits/<uuid:visit_id>/appointment.ics", visit.calendar_file, name="patient-visit-calendar"),
    path("visits/<uuid:visit_id>/room/", visit.room, name="visit-room"),
    path("visits/<uuid:visit_id>/way-home/", visit.escort, name="patient-visit-escort"),
    path("visits/<uuid:visit_id>/move/", change.move, name="patient-visit-move"),
    path("visits/<uuid:visit_id>/cancel/", change.cancel, name="patient-visit-cancel"),
]
