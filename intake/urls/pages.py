"""Pages of the patient: intake and consents."""

from django.urls import path

from intake.views import autosave, consent, crisis, intake, safetyplan

urlpatterns = [
    path("intake/", intake.home, name="intake-home"),
    path("intake/part/<slug:slug>/", intake.part, name="intake-section"),
    path("intake/part/<slug:slug>/save/", autosave.autosave, name="intake-autosave"),
    path("intake/one-question/", crisis.item9, name="intake-item9"),
    path("intake/help-now/", crisis.crisis, name="intake-crisis"),
    path("intake/more-questions/", crisis.asq, name="intake-asq"),
    path("intake/where-are-you/", crisis.where, name="intake-where"),
    path("intake/check/", intake.check, name="intake-check"),
    path("intake/sent/", intake.done, name="intake-done"),
    path("intake/change/", intake.reopen, name="intake-reopen"),
    path("intake/signed-in/", intake.signed_in, name="intake-signed-in"),
    path("me/safety-plan/", safetyplan.own, name="safety-plan"),
    path("me/safety-plan/edit/", safetyplan.edit_own, name="safety-plan-edit"),
    path("consents/", consent.overview, name="consents"),
    path("consents/<slug:kind>/", consent.sign, name="consent"),
    path("consents/signed/<uuid:pk>/", consent.signed, name="consent-signed"),
    path("consents/signed/<uuid:pk>/withdraw/", consent.withdraw, name="consent-withdraw"),
]
