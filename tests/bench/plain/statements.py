# ruff: noqa: E501  a statement reads better in its own lines
"""One booking as the least SQL that does the same."""

#: Claim the request; lock patient, clinician, room; look; insert the visit and the questions before it; audit; three
#: messages; the result.
#: {names} are filled in by whoever runs it: pgbench's :variables or psycopg2's %(names)s.
TEMPLATES = (
    "SELECT set_config('lock_timeout', '3s', true)",
    "INSERT INTO idempotency_request (id, user_id, intent, asked, result)"
    " VALUES ({request}, {made_by}, 'book', repeat('0', 64), '{{}}') ON CONFLICT (id) DO NOTHING",
    "SELECT id FROM intake_patient WHERE id = {patient} FOR NO KEY UPDATE",
    "SELECT id FROM accounts_clinician WHERE id = {clinician} FOR NO KEY UPDATE",
    "SELECT id FROM scheduling_room WHERE id = {room} FOR NO KEY UPDATE",
    "SELECT starts_at, ends_at, room_free_at FROM scheduling_appointment"
    " WHERE (room_id = {room} OR clinician_id = {clinician} OR patient_id = {patient})"
    " AND starts_at < {ends_at} AND starts_at > {starts_at}::timestamptz - interval '1 day'"
    " AND status IN ('held', 'booked', 'arrived', 'checked-in', 'fulfilled')",
    "INSERT INTO scheduling_appointment (id, kind, telehealth, patient_id, site_id, zone, room_id, clinician_id, lanes,"
    " starts_at, ends_at, room_free_at, status, version, escort_name, escort_phone, fasted, discharge, patient_state,"
    " fallback_phone, meeting_token, cancelled_why, made_at, made_by_id) VALUES ({visit}, 'consultation', false, {patient}, {site},"
    " 'America/Los_Angeles', {room}, {clinician}, '[0,2)', {starts_at}, {ends_at}, {ends_at}::timestamptz + interval '15 minutes',"
    " 'booked', 1, '', '', '', '{{}}', '', '', '', '', now(), {made_by})",
    "INSERT INTO intake_inquiry (id, kind, patient_id, site_id, visit_id, visit_version, days_after, treatments, opens_at,"
    " expires_at, token_hash, tries, parts, done, answers, red, made_at, ended_why) VALUES (gen_random_uuid(), 'before_visit',"
    " {patient}, {site}, {visit}, 1, 0, 0, {starts_at}::timestamptz - interval '73 hours', {starts_at},"
    " encode(sha256({visit}::text::bytea), 'hex'), 0, '{{}}', '{{}}', '{{}}', '{{}}', now(), '')",
    "INSERT INTO audit_entry (actor_id, actor_roles, action, subject_type, subject_id, patient_id, what, changes, reason,"
    " reference) VALUES ({made_by}, '{{front_desk}}', 'create', 'scheduling.appointment', {visit}, {patient}, 'book a visit',"
    " '{{}}', '', '')",
    "INSERT INTO messaging_message (id, purpose, subject_type, subject_id, subject_version, recipient_type, recipient_id,"
    " channel, site_id, due_at, status, tries, provider_reference, why, delivery, segments, made_at)"
    " SELECT gen_random_uuid(), u.p, 'scheduling.appointment', {visit}, 1, 'patient', {patient}, 'email', {site},"
    " {starts_at}::timestamptz - u.d, 'owed', 0, '', '', '', 0, now()"
    " FROM (VALUES ('visit-booked', interval '9 days'), ('visit-reminder-72h', interval '3 days'),"
    " ('visit-reminder-24h', interval '1 day')) AS u(p, d) ON CONFLICT ON CONSTRAINT message_is_owed_once DO NOTHING",
    "UPDATE idempotency_request SET result = '{{}}' WHERE id = {request}",
)
FIELDS = ("request", "visit", "patient", "clinician", "room", "site", "starts_at", "ends_at", "made_by")
STATEMENTS = [one.format(**{name: f"%({name})s" for name in FIELDS}) for one in TEMPLATES]
