"""An alert that is given back or handed over, and what the database refuses about alerts and the suicide screen."""

import django.db.models.deletion
from django.db import migrations, models


ALERT_STAYS = """
CREATE FUNCTION intake_alert_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A safety alert is never removed.' USING ERRCODE = 'check_violation';
    ELSIF to_jsonb(OLD) - TG_ARGV <> to_jsonb(NEW) - TG_ARGV THEN
        RAISE EXCEPTION 'What raised a safety alert is never changed.' USING ERRCODE = 'check_violation';
    ELSIF OLD.closed_at IS NOT NULL AND OLD IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'A safety alert that was closed is never changed.' USING ERRCODE = 'check_violation';
    ELSIF NEW.tier < OLD.tier OR (OLD.amended AND NOT NEW.amended) OR NEW.round < OLD.round
        OR (OLD.tier_raised_at IS NOT NULL AND NEW.tier_raised_at IS NULL)
        OR (OLD.released_at IS NOT NULL AND NEW.released_at IS NULL)
        OR (OLD.seen_at IS NOT NULL AND NEW.seen_at IS NULL) THEN
        RAISE EXCEPTION 'What happened to a safety alert is never taken back.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""
YES_STAYS = """
CREATE FUNCTION intake_yes_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Rows of % are never removed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    ELSIF to_jsonb(OLD) - TG_ARGV <> to_jsonb(NEW) - TG_ARGV THEN
        RAISE EXCEPTION 'Rows of % are never changed.', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    ELSIF (OLD.said_yes AND NOT NEW.said_yes) OR (OLD.amended AND NOT NEW.amended) THEN
        RAISE EXCEPTION 'What was said is never taken back.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""
# What began its clock anew stands in its events, which stay when this migration is taken back and made again: pages of a
# round that was counted before would find their rows in the ledger taken, and not leave.
ROUNDS = """
UPDATE intake_safetyalert AS alert SET round = GREATEST(
    (SELECT count(*) FROM intake_safetyevent AS event
        WHERE event.alert_id = alert.id AND event.kind IN ('tier', 'released', 'handed-over')),
    CASE WHEN alert.tier_raised_at IS NULL THEN 0 ELSE 1 END)
"""
# On the way back the words of alerts, which are kept nowhere else, and why somebody gave one back wait in a table of their
# own, and are put back when the way is gone once more. No older code shows them; they are not lost. Whoever must read
# them meanwhile reads that table: it says of which alert and which event each is.
WORDS_WAIT = """
CREATE TABLE intake_words_of_0012 AS
    SELECT 'alert' AS about, id::text, words::text FROM intake_safetyalert WHERE words <> ''
    UNION ALL SELECT 'event', id::text, words::text FROM intake_safetyevent WHERE words <> ''
"""
WORDS_AGAIN = """
DO $$ BEGIN
    IF to_regclass('intake_words_of_0012') IS NOT NULL THEN
        UPDATE intake_safetyalert AS row SET words = kept.words FROM intake_words_of_0012 AS kept
            WHERE kept.about = 'alert' AND kept.id = row.id::text;
        ALTER TABLE intake_safetyevent DISABLE TRIGGER USER; -- it refuses every change, this one among them
        UPDATE intake_safetyevent AS row SET words = kept.words FROM intake_words_of_0012 AS kept
            WHERE kept.about = 'event' AND kept.id = row.id::text;
        ALTER TABLE intake_safetyevent ENABLE TRIGGER USER;
        DROP TABLE intake_words_of_0012;
    END IF;
END $$
"""
ALERT_MOVES = (
    "tier", "amended", "tier_raised_at", "released_at", "acknowledge_by", "step", "round", "seen_tier", "seen_at",
    "acknowledged_at", "owner_id", "closed_at", "closed_by_id", "tool", "level", "plan", "safety_plan", "follow_up_on",
    "disposition",
)  # fmt: skip
ANSWER_MOVES = ("value", "said_yes", "words", "amended", "answered_at", "answered_by_id")
SITTING_MOVES = ("alert_id", "last_at", "left_at", "ended_at", "outcome")


def _guard(name: str, table: str, function: str, columns: tuple[str, ...] = ()) -> migrations.RunSQL:
    may_change = ", ".join(f"'{column}'" for column in columns)
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}({may_change})",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0011_inquiry_treatments"),
    ]

    operations = [
        migrations.AddField(
            model_name="questionnaire",
            name="amends",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="amended_by",
                to="intake.questionnaire",
                verbose_name="the one whose answers it changes: that one stays, and counts no more",
            ),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="released_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="when it was last given back or handed over"
            ),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="round",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="how often its clock began anew"),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="words",
            field=models.TextField(blank=True, verbose_name="what was written, where it is kept nowhere else"),
        ),
        migrations.AddField(
            model_name="safetyevent",
            name="words",
            field=models.CharField(blank=True, max_length=400, verbose_name="why, and to whom"),
        ),
        migrations.AlterField(
            model_name="safetyalert",
            name="step",
            field=models.PositiveIntegerField(default=1, verbose_name="newest step of its pages, from 1"),
        ),
        migrations.AlterField(
            model_name="safetyevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("raised", "Raised"),
                    ("tier", "Became more urgent"),
                    ("amended", "The answer was changed; the alert stays"),
                    ("left-open", "The questions were left before the end"),
                    ("paged", "Paged again: nobody had taken it"),
                    ("taken", "Taken"),
                    ("taken-over", "Taken over"),
                    ("released", "Given back"),
                    ("handed-over", "Handed over"),
                    ("closed", "Documented and closed"),
                    ("not-reached", "Follow-up: not reached"),
                    ("followed-up", "Follow-up done"),
                    ("contacts-end", "No more friendly messages"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(ROUNDS, migrations.RunSQL.noop),
        migrations.RunSQL(WORDS_AGAIN, WORDS_WAIT),
        migrations.RunSQL(ALERT_STAYS, "DROP FUNCTION intake_alert_stays()"),
        migrations.RunSQL(YES_STAYS, "DROP FUNCTION intake_yes_stays()"),
        _guard("alert_stays", "intake_safetyalert", "intake_alert_stays", ALERT_MOVES),
        _guard("yes_stays", "intake_asqanswer", "intake_yes_stays", ANSWER_MOVES),
        _guard("never_changes", "intake_asqsitting", "intake_refuse_change", SITTING_MOVES),
        _guard("never_changes", "intake_whereabouts", "intake_refuse_change"),
    ]
