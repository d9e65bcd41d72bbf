"""A sitting of the suicide screen goes on: what may change of it may change more than once, and the rest never."""

from django.db import migrations

COLUMNS = ("alert_id", "last_at", "left_at", "ended_at", "outcome")
DROP = "DROP TRIGGER never_changes ON intake_asqsitting"


def _guard(mark: str) -> str:
    columns = ", ".join(f"'{mark}{column}'" for column in COLUMNS)
    return (
        "CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON intake_asqsitting"
        f" FOR EACH ROW EXECUTE FUNCTION intake_refuse_change({columns})"
    )


class Migration(migrations.Migration):
    dependencies = [("intake", "0016_clinic_doses")]

    operations = [
        migrations.RunSQL(DROP, _guard("")),
        migrations.RunSQL(_guard("~"), DROP),
    ]
