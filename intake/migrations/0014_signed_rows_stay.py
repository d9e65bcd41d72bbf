"""What was signed, found or ordered is never changed, and what was ended, withdrawn or made void stays so.

Before, only documents, signatures and readings refused a change, and the columns in which something may be added
later could be written again. An argument of a trigger is a column that is set once (from empty; `current` from true);
with a `~` before it, a column that may always change.
"""

from django.db import migrations

# Table: its triggers as (name, columns, condition).
UNCHANGING = {
    "intake_clearance": [("never_changes", ("withdrawn_at", "withdrawn_by_id", "withdrawn_why"), "")],
    "intake_clearance_sites": [("never_changes", (), "")],
    "intake_condition": [("never_changes", ("~met_at", "~met_by_id"), "")],
    "intake_override": [("never_changes", (), "")],
    "intake_seriesorder": [("never_changes", (), "")],
    "intake_boosterorder": [("never_changes", ("~status", "~version", "~started_on"), "")],
    "intake_reevaluation": [("never_changes", ("~used_by",), "")],
    "intake_screening": [("never_changes", ("current",), "")],
    "intake_finding": [("never_changes", (), "")],
    "intake_laterfact": [("never_changes", (), "")],
    "intake_lapse": [
        (  # while nobody has settled it, a later run may add to it
            "never_changes",
            ("settled_at", "settled_by_id", "settled_why", "~why", "~rules", "~found_on_id", "~at"),
            "",
        ),
        ("settled_stays", (), "OLD.settled_at IS NOT NULL"),
    ],
    "intake_rulesrevision": [
        (
            "never_changes",
            ("signed_at", "signed_by_id", "dropped_at", "dropped_by_id", "~effective_at"),
            "",
        ),
        ("settled_stays", (), "OLD.signed_at IS NOT NULL OR OLD.dropped_at IS NOT NULL"),
    ],
}
FUNCTION = """
CREATE OR REPLACE FUNCTION intake_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
    becomes jsonb;
    name text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Rows of % are never removed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    becomes := to_jsonb(NEW);
    FOREACH name IN ARRAY COALESCE(TG_ARGV, '{}') LOOP
        IF left(name, 1) <> '~' AND was -> name <> becomes -> name
            AND was -> name NOT IN ('null'::jsonb, '""'::jsonb, 'true'::jsonb) THEN
            RAISE EXCEPTION 'Rows of % are never changed: % is set already.', TG_TABLE_NAME, name
                USING ERRCODE = 'check_violation';
        END IF;
        was := was - ltrim(name, '~');
        becomes := becomes - ltrim(name, '~');
    END LOOP;
    IF was <> becomes THEN
        RAISE EXCEPTION 'Rows of % are never changed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION intake_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Rows of % are never removed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    ELSIF to_jsonb(OLD) - COALESCE(TG_ARGV, '{}') <> to_jsonb(NEW) - COALESCE(TG_ARGV, '{}') THEN
        RAISE EXCEPTION 'Rows of % are never changed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


def _guard(table: str, name: str, columns: tuple[str, ...], condition: str) -> migrations.RunSQL:
    arguments = ", ".join(f"'{column}'" for column in columns)
    when = f" WHEN ({condition})" if condition else ""
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW{when} EXECUTE FUNCTION intake_refuse_change({arguments})",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("intake", "0013_request_language")]

    operations = [
        migrations.RunSQL(FUNCTION, BEFORE),
        *(_guard(table, *one) for table, found in UNCHANGING.items() for one in found),
    ]
