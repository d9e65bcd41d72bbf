"""Addresses of the desk about people, and of the manager."""

from django.urls import URLPattern, path

from scheduling.views.manage import hours, leave, settings, sites, staff
from scheduling.views.people import decision, inbox, patients

urlpatterns: list[URLPattern] = [
    path("desk/inbox/", inbox.inbox, name="desk-inbox"),
    path("desk/inbox/<uuid:wish>/", inbox.show, name="desk-request"),
    path("desk/inbox/<uuid:wish>/call/", inbox.attempt, name="desk-request-attempt"),
    path("desk/inbox/<uuid:wish>/close/", inbox.close, name="desk-request-close"),
    path("desk/inbox/<uuid:wish>/reopen/", inbox.reopen, name="desk-request-reopen"),
    path("desk/inbox/<uuid:wish>/read/", inbox.read, name="desk-request-read"),
    path("desk/inbox/<uuid:wish>/choose/", inbox.choose, name="desk-request-choose"),
    path("desk/inbox/<uuid:wish>/patient/", inbox.make_patient, name="desk-request-patient"),
    path("desk/patients/", patients.search, name="desk-patients"),
    path("desk/patients/new/", patients.new, name="desk-patient-new"),
    path("desk/patients/<uuid:patient>/", patients.show, name="desk-patient"),
    path("desk/patients/<uuid:patient>/edit/", patients.edit, name="desk-patient-edit"),
    path("desk/patients/<uuid:patient>/decision/", decision.show, name="patient-decision"),
    path("desk/patients/<uuid:patient>/close/", patients.close, name="desk-patient-close"),
    path("desk/patients/<uuid:patient>/reopen/", patients.reopen, name="desk-patient-reopen"),
    path("desk/patients/<uuid:patient>/invite/", patients.invite, name="desk-patient-invite"),
    path("manage/", settings.clinic, name="manage-settings"),
    path("manage/visit-types/<slug:kind>/", settings.visit_type, name="manage-visit-type"),
    path("manage/sites/<slug:site>/", sites.site, name="manage-site"),
    path("manage/sites/<slug:site>/hours/", hours.opening_hours, name="manage-hours"),
    path("manage/sites/<slug:site>/rooms/new/", sites.room, name="manage-room-new"),
    path("manage/sites/<slug:site>/rooms/<uuid:room>/", sites.room, name="manage-room"),
    path("manage/sites/<slug:site>/closures/new/", leave.closure, name="manage-closure-new"),
    path("manage/sites/<slug:site>/closures/<uuid:closure>/end/", leave.closure_end, name="manage-closure-end"),
    path("manage/staff/", staff.staff, name="manage-staff"),
    path("manage/staff/invite/", staff.invite, name="manage-staff-invite"),
    path("manage/staff/<uuid:person>/", staff.person, name="manage-person"),
    path("manage/staff/<uuid:person>/end/", staff.access, {"what": "end"}, name="manage-person-end"),
    path("manage/staff/<uuid:person>/open/", staff.access, {"what": "open"}, name="manage-person-open"),
    path("manage/staff/<uuid:person>/invite/", staff.access, {"what": "invite"}, name="manage-person-invite"),
    path("manage/staff/<uuid:person>/shifts/", hours.weekly_shifts, name="manage-shifts"),
    path("manage/staff/<uuid:person>/days/new/", hours.own_day, name="manage-own-day-new"),
    path("manage/staff/<uuid:person>/days/<int:own_day>/end/", hours.own_day_end, name="manage-own-day-end"),
    path("manage/staff/<uuid:person>/leave/new/", leave.leave, name="manage-leave-new"),
    path("manage/staff/<uuid:person>/leave/<uuid:leave>/end/", leave.leave_end, name="manage-leave-end"),
    path("invitation/", staff.accept_invitation, name="accept-invitation"),
    path("invitation/<slug:token>/", staff.follow_invitation, name="follow-invitation"),
]
