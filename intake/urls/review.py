"""Addresses of the clinician's side."""

from django.urls import URLPattern, path

from intake.views import measures, openings, questions, queue, review, safety, safety_screen, safetyplan

urlpatterns: list[URLPattern] = [
    path("review/", queue.review_queue, name="review-queue"),
    path("review/<uuid:intake_id>/", review.review_intake, name="review"),
    path("review/<uuid:intake_id>/here/", review.here, name="review-here"),
    path("review/<uuid:intake_id>/ask/", questions.ask, name="review-ask"),
    path("review/answers/<uuid:question_id>/read/", questions.mark_read, name="review-answer-read"),
    path("review/questions/<uuid:question_id>/back/", questions.take_back, name="review-question-back"),
    path("records/of-another-site/", openings.open_record, name="open-record"),
    path("manage/opened-records/", openings.openings, name="manage-openings"),
    path("manage/opened-records/<uuid:opening_id>/looked-at/", openings.looked_at, name="manage-opening-looked-at"),
    path("records/<uuid:patient_id>/", review.patient_record, name="patient-record"),
    path("records/conditions/<int:condition_id>/met/", review.mark_condition, name="condition-met"),
    path("records/conditions/<int:condition_id>/open/", review.reopen_condition, name="condition-open"),
    path("records/<uuid:patient_id>/readings/", measures.measure, name="record-readings"),
    path("records/<uuid:patient_id>/results/", measures.result, name="record-result"),
    path("records/readings/<uuid:entry_id>/error/", measures.void_vitals, name="vitals-void"),
    path("records/results/<uuid:entry_id>/error/", measures.void_result, name="result-void"),
    path("records/decisions/<uuid:clearance_id>/withdraw/", review.withdraw, name="clearance-withdraw"),
    path("records/boosters/<uuid:order_id>/re-evaluate/", review.reevaluate, name="booster-reevaluate"),
    path("records/<uuid:patient_id>/safety-plan/", safetyplan.edit_for, name="patient-safety-plan"),
    path("safety/", safety.safety_board, name="safety-board"),
    path("safety/pulse/", safety.pulse, name="safety-board-pulse"),
    path("safety/<uuid:alert_id>/", safety.alert, name="safety-alert"),
    path("safety/<uuid:alert_id>/screen/", safety_screen.screen, name="safety-screen"),
    path("safety/<uuid:alert_id>/take/", safety.take, name="safety-alert-take"),
    path("safety/<uuid:alert_id>/give-back/", safety.give_back, name="safety-alert-give-back"),
    path("safety/<uuid:alert_id>/contacts/end/", safety.end_contacts, name="safety-contacts-end"),
    path("safety/<uuid:alert_id>/followed-up/", safety.followed_up, name="safety-follow-up"),
]
