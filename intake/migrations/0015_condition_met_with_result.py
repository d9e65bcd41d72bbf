"""A condition knows the result that meets it; that it is met, by whom and with what may change, its name never."""

import django.db.models.deletion
from django.db import migrations, models

GUARD = (
    "DROP TRIGGER never_changes ON intake_condition;"
    " CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON intake_condition"
    " FOR EACH ROW EXECUTE FUNCTION intake_refuse_change({})"
)


class Migration(migrations.Migration):
    dependencies = [("intake", "0014_signed_rows_stay")]

    operations = [
        migrations.AddField(
            model_name="condition",
            name="met_with",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="intake.staffresult",
                verbose_name="result that meets it",
            ),
        ),
        migrations.AddConstraint(
            model_name="condition",
            constraint=models.CheckConstraint(
                condition=models.Q(("met_with__isnull", True), ("met_at__isnull", False), _connector="OR"),
                name="only_a_met_condition_has_a_result",
            ),
        ),
        migrations.RunSQL(
            GUARD.format("'~met_at', '~met_by_id', '~met_with_id'"), GUARD.format("'~met_at', '~met_by_id'")
        ),
    ]
