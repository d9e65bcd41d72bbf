"""What was signed, measured or asked is never changed: the database refuses it, whoever asks (CLINICAL 8, CMIA)."""

from django.db import migrations

# Table, and the columns in which something may be added later.
UNCHANGING = {
    "intake_consentdocument": (),
    "intake_consent": ("withdrawn_at", "withdrawn_by_id", "withdrawn_why"),
    "intake_vitalsigns": ("void_at", "void_by_id", "void_why"),
    "intake_staffresult": ("void_at", "void_by_id", "void_why"),
    "intake_startdecision": (),
    "intake_patientquestion": ("answer", "answered_at", "read_at", "read_by_id", "taken_back_at"),
    "intake_recordopening": ("looked_at", "looked_by_id"),
}
FUNCTION = """
CREATE FUNCTION intake_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Rows of % are never removed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    ELSIF to_jsonb(OLD) - COALESCE(TG_ARGV, '{}') <> to_jsonb(NEW) - COALESCE(TG_ARGV, '{}') THEN
        RAISE EXCEPTION 'Rows of % are never changed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


def _guard(table: str, columns: tuple[str, ...]) -> migrations.RunSQL:
    may_change = ", ".join(f"'{column}'" for column in columns)
    return migrations.RunSQL(
        f"CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION intake_refuse_change({may_change})",
        f"DROP TRIGGER never_changes ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_reviewing")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION intake_refuse_change()"),
        *(_guard(table, columns) for table, columns in UNCHANGING.items()),
    ]
