"""What was sent is never changed: the answers of a sent intake, its sending, and questionnaires answered on their own."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION intake_refuse_answer_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Answers are never removed.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.intake_id <> OLD.intake_id
        OR EXISTS (SELECT FROM intake_intake WHERE id = OLD.intake_id AND submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'Answers of an intake that was sent are never changed.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""
GUARDS = {
    "intake_answer": "intake_refuse_answer_change()",
    "intake_intake": "intake_refuse_change('submitted_at', 'ruleset')",
    "intake_questionnaire": "intake_refuse_change()",
}


class Migration(migrations.Migration):
    dependencies = [("intake", "0017_sittings_go_on")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION intake_refuse_answer_change()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {function}",
                f"DROP TRIGGER never_changes ON {table}",
            )
            for table, function in GUARDS.items()
        ),
    ]
