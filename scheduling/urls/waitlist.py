"""Addresses of the waitlist: the front desk's, the patient's, and the link of an offer."""

from django.urls import URLPattern, path

from scheduling.views.waitlist import desk, link, own

urlpatterns: list[URLPattern] = [
    path("desk/waitlist/", desk.waitlist, name="desk-waitlist"),
    path("desk/waitlist/<uuid:waiting>/", desk.show, name="desk-waiting"),
    path("desk/waitlist/<uuid:waiting>/offer/", desk.offer, name="desk-waiting-offer"),
    path("desk/waitlist/<uuid:waiting>/remove/", desk.remove, name="desk-waiting-remove"),
    path("desk/offers/<uuid:offer>/answer/", desk.answer, name="desk-offer-answer"),
    path("desk/visits/<uuid:visit>/earlier/", desk.join, name="desk-waitlist-join"),
    path("visits/<uuid:visit_id>/earlier/", own.earlier, name="patient-earlier"),
    path("visits/<uuid:visit_id>/earlier/leave/", own.leave, name="patient-earlier-leave"),
    path("visits/<uuid:visit_id>/earlier/answer/", own.answer, name="patient-earlier-answer"),
    path("earlier/<str:token>/", link.show, name="earlier-time"),
    path("earlier/<str:token>/answer/", link.answer, name="earlier-time-answer"),
]
