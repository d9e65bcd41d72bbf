"""Indexes by which anyone is found among 100,000: part of a name, last digits of a telephone, date of birth."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
import intake.models.names
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        TrigramExtension(),  # trusted: the owner of the database may create it, nobody needs a superuser
        migrations.AddIndex(
            model_name="patient",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Replace(
                        django.db.models.functions.text.Replace(
                            django.db.models.functions.text.Replace(
                                intake.models.names.Folded(
                                    django.db.models.functions.text.Concat(
                                        models.Value(" "),
                                        "given_name",
                                        models.Value(" "),
                                        "family_name",
                                        models.Value(" "),
                                        "preferred_name",
                                    )
                                ),
                                models.Value("'"),
                                models.Value(""),
                            ),
                            models.Value("\u2019"),
                            models.Value(""),
                        ),
                        models.Value("-"),
                        models.Value(" "),
                    ),
                    "gin_trgm_ops",
                ),
                name="patients_by_part_of_name",
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(intake.models.names.Backwards("phone"), "text_pattern_ops"),
                name="patients_by_last_digits",
            ),
        ),
        migrations.AddIndex(
            model_name="patient",
            index=models.Index(fields=["birth_on"], name="patients_by_birth"),
        ),
    ]
