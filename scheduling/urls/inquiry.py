"""Addresses of the questions before and after a visit: behind a link, in the portal, for clinicians."""

from django.urls import URLPattern, path

from scheduling.views.inquiry import clinic, link, own

urlpatterns: list[URLPattern] = [
    path("answers/<str:token>/", link.show, name="inquiry"),
    path("answers/<str:token>/help/", link.help_now, name="inquiry-help"),
    path("your-answers/<uuid:inquiry>/", own.show, name="own-inquiry"),
    path("your-answers/<uuid:inquiry>/help/", own.help_now, name="own-inquiry-help"),
    path("visits/<uuid:visit_id>/confirm/", own.confirm, name="patient-visit-confirm"),
    path("clinic/visits/<uuid:visit>/looked/", clinic.looked_before, name="clinic-before-visit-looked"),
    path("clinic/patients/<uuid:patient>/check-ins/", clinic.check_ins, name="clinic-check-ins"),
    path("clinic/patients/<uuid:patient>/check-ins/talked/", clinic.talked, name="clinic-talked"),
]
