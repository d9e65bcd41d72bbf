"""What was sent is complete: no answer is added to an intake that was sent; its next version takes it."""

from django.db import migrations

# FOR SHARE: an answer that comes while the intake is sent waits for that, and is refused.
FUNCTION = """
CREATE FUNCTION intake_refuse_new_answer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sent timestamptz;
BEGIN
    SELECT submitted_at INTO sent FROM intake_intake WHERE id = NEW.intake_id FOR SHARE;
    IF sent IS NOT NULL THEN
        RAISE EXCEPTION 'Answers are never added to an intake that was sent.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0018_sent_answers_stay")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION intake_refuse_new_answer()"),
        migrations.RunSQL(
            "CREATE TRIGGER never_added BEFORE INSERT ON intake_answer"
            " FOR EACH ROW EXECUTE FUNCTION intake_refuse_new_answer()",
            "DROP TRIGGER never_added ON intake_answer",
        ),
    ]
