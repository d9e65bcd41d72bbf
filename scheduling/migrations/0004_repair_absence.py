import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0003_until_midnight"),
    ]

    operations = [
        migrations.AddField(
            model_name="closure",
            name="repair",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closures",
                to="scheduling.repair",
                verbose_name="entered with",
            ),
        ),
        migrations.AddField(
            model_name="leave",
            name="repair",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leaves",
                to="scheduling.repair",
                verbose_name="entered with",
            ),
        ),
    ]
