"""Addresses of series, boosters and questionnaires, for staff."""

from django.urls import URLPattern, path

from scheduling.views import outcomes
from scheduling.views.series import boosters, lists, many, one, plan

urlpatterns: list[URLPattern] = [
    path("desk/series/", lists.series_list, name="desk-series-list"),
    path("desk/series/many/", many.many, name="desk-series-many"),
    path("desk/series/plan/<uuid:order>/", plan.plan, name="desk-series-plan"),
    path("desk/series/<uuid:series>/", one.show, name="desk-series"),
    path("desk/series/<uuid:series>/add/", one.add, name="desk-series-add"),
    path("desk/series/<uuid:series>/close/", one.close, name="desk-series-close"),
    path("clinic/series/<uuid:series>/review/", one.review, name="series-review"),
    path("clinic/patients/<uuid:patient>/booster/", boosters.booster, name="clinic-booster"),
    path("clinic/patients/<uuid:patient>/questionnaire/", boosters.phq9, name="clinic-phq9"),
    path("clinic/patients/<uuid:patient>/outcomes/", outcomes.clinic, name="clinic-outcomes"),
]
