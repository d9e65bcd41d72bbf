"""Screening becomes runs: re-run on every change, old results kept. Facts told later; the clinic's own rules."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pacificmind.clock
import uuid
from django.conf import settings
from django.db import migrations, models

# A table with checks of foreign keys pending cannot be altered: each script ends by having them checked.
FORWARDS = """
INSERT INTO intake_screening (id, intake_id, cause, ruleset, at, current)
SELECT gen_random_uuid(), id, 'intake', ruleset, submitted_at, true FROM intake_intake WHERE submitted_at IS NOT NULL;
UPDATE intake_finding SET screening_id = intake_screening.id
  FROM intake_screening WHERE intake_screening.intake_id = intake_finding.intake_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
BACKWARDS = """
DELETE FROM intake_finding USING intake_screening
 WHERE intake_screening.id = intake_finding.screening_id AND NOT intake_screening.current;
UPDATE intake_finding SET intake_id = intake_screening.intake_id
  FROM intake_screening WHERE intake_screening.id = intake_finding.screening_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0005_inquiries"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LaterFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("value", models.JSONField(null=True)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("intake", "The intake was sent"),
                            ("results", "Results were entered"),
                            ("questionnaire", "A questionnaire was answered"),
                            ("check_in", "The patient checked in"),
                            ("rules", "The rules changed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("told_at", models.DateTimeField(default=pacificmind.clock.now)),
                ("until_on", models.DateField(blank=True, null=True, verbose_name="counts through")),
            ],
        ),
        migrations.CreateModel(
            name="RulesRevision",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(unique=True)),
                ("base", models.CharField(max_length=20, verbose_name="version of the shipped rules it was made on")),
                ("thresholds", models.JSONField(blank=True, default=dict)),
                (
                    "off",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=8), blank=True, default=list, size=None
                    ),
                ),
                ("reasons", models.JSONField(blank=True, default=dict)),
                ("why", models.CharField(max_length=500, verbose_name="why")),
                ("made_at", models.DateTimeField(default=pacificmind.clock.now)),
                ("effective_at", models.DateTimeField(verbose_name="in effect from")),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("dropped_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("intake", "The intake was sent"),
                            ("results", "Results were entered"),
                            ("questionnaire", "A questionnaire was answered"),
                            ("check_in", "The patient checked in"),
                            ("rules", "The rules changed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("ruleset", models.CharField(max_length=40, verbose_name="screening rules it was read with")),
                ("at", models.DateTimeField(default=pacificmind.clock.now)),
                ("current", models.BooleanField(default=True, verbose_name="the newest of this version of the intake")),
            ],
            options={
                "ordering": ["-at"],
            },
        ),
        migrations.AddField(
            model_name="laterfact",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="later_facts", to="intake.patient"
            ),
        ),
        migrations.AddField(
            model_name="laterfact",
            name="told_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="rulesrevision",
            name="dropped_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="rulesrevision",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="rulesrevision",
            name="signed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="screening",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="screening",
            name="intake",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="screenings", to="intake.intake"
            ),
        ),
        migrations.AddIndex(
            model_name="laterfact",
            index=models.Index(fields=["patient", "name", "-told_at"], name="later_facts_latest"),
        ),
        migrations.AddConstraint(
            model_name="laterfact",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="later_fact_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(("why", ""), _negated=True),
                name="rules_revision_says_why",
                violation_error_message="Say why the rules are changed.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("signed_at__isnull", True), ("signed_by__isnull", True)),
                    models.Q(
                        ("effective_at__gte", models.F("signed_at")),
                        ("signed_at__isnull", False),
                        ("signed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="rules_take_effect_after_they_are_signed",
                violation_error_message="Rules take effect after a prescriber has signed them, not before.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("dropped_at__isnull", True), ("dropped_by__isnull", True)),
                    models.Q(("dropped_at__isnull", False), ("dropped_by__isnull", False), ("signed_at__isnull", True)),
                    _connector="OR",
                ),
                name="only_unsigned_rules_are_dropped",
                violation_error_message="Signed rules stay; make a new revision.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rulesrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("dropped_at__isnull", True), ("signed_at__isnull", True)),
                fields=("signed_at",),
                name="one_open_rules_revision",
                nulls_distinct=False,
                violation_error_message="A proposal is open already.",
            ),
        ),
        migrations.AddIndex(
            model_name="screening",
            index=models.Index(fields=["intake", "-at"], name="screenings_latest"),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)), fields=("intake",), name="one_current_screening_an_intake"
            ),
        ),
        # Findings move from the version of the intake to the run that raised it: one run for each version sent so far.
        # The order is such that the way back fills `intake` before it becomes NOT NULL again.
        migrations.AddField(
            model_name="finding",
            name="screening",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="intake.screening"
            ),
        ),
        migrations.AlterField(
            model_name="finding",
            name="intake",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="intake.intake"
            ),
        ),
        migrations.RunSQL(sql=FORWARDS, reverse_sql=BACKWARDS),
        migrations.AlterField(
            model_name="finding",
            name="screening",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="intake.screening"
            ),
        ),
        migrations.RemoveConstraint(
            model_name="finding",
            name="a_rule_speaks_once_of_an_intake",
        ),
        migrations.RemoveField(
            model_name="finding",
            name="intake",
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(fields=("screening", "rule"), name="a_rule_speaks_once_of_a_screening"),
        ),
    ]
