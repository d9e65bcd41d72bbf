"""Pages of the patient: intake and consents."""

from django.urls import path

from intake.views import autosave, consent, crisis, documents, intake, questions, safetyplan

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
    path("questions/", questions.overview, name="patient-questions"),
    path("questions/<uuid:question_id>/", questions.answer, name="patient-question"),
    path("desk/patients/<uuid:patient_id>/documents/", documents.of_patient, name="desk-consents"),
    path("desk/patients/<uuid:patient_id>/documents/paper/", documents.paper, name="desk-consent-paper"),
    path("desk/patients/<uuid:patient_id>/documents/<uuid:consent_id>/", documents.copy, name="desk-consent-copy"),
    path("documents/<slug:kind>/paper/", documents.blank, name="consent-blank"),
    path("manage/documents/", documents.manage, name="manage-documents"),
    path("manage/documents/<slug:kind>/new/", documents.new_version, name="manage-document-new"),
    path("manage/documents/<slug:kind>/<int:version>/", documents.read, name="manage-document"),
    path("consents/", consent.overview, name="consents"),
    path("consents/<slug:kind>/", consent.sign, name="consent"),
    path("consents/signed/<uuid:pk>/", consent.signed, name="consent-signed"),
    path("consents/signed/<uuid:pk>/withdraw/", consent.withdraw, name="consent-withdraw"),
]
