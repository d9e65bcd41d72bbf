"""Suicide screen question by question, on-call rota, what happened to an alert, safety plan, whereabouts."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import intake.models.oncall
import pacificmind.clock
import uuid
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0007_escalation"),
        ("intake", "0006_screening_runs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="AsqAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "value",
                    models.CharField(choices=[("Y", "Yes"), ("N", "No"), ("R", "Prefer not to answer")], max_length=1),
                ),
                ("said_yes", models.BooleanField(default=False)),
                ("words", models.TextField(blank=True, verbose_name="how and when, or a description")),
                ("amended", models.BooleanField(default=False, verbose_name="another answer stood here before")),
                ("answered_at", models.DateTimeField(default=pacificmind.clock.now)),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="AsqSitting",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "back_to",
                    models.CharField(blank=True, max_length=200, verbose_name="own page on which the patient goes on"),
                ),
                ("instrument", models.CharField(max_length=40, verbose_name="instrument and version, as ASQ/en/1")),
                ("started_at", models.DateTimeField(default=pacificmind.clock.now)),
                (
                    "last_at",
                    models.DateTimeField(default=pacificmind.clock.now, verbose_name="last answer, or the start"),
                ),
                (
                    "left_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="when the sweep found it left in the middle"
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("negative", "Negative"),
                            ("non_acute", "Positive, not acute"),
                            ("acute", "Positive, acute"),
                            ("refused", "Not answered"),
                            ("unfinished", "Left before the end"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "ordering": ["-started_at"],
            },
        ),
        migrations.CreateModel(
            name="OnCall",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("duty", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("made_at", models.DateTimeField(default=pacificmind.clock.now, editable=False)),
            ],
            options={
                "ordering": ["starts_at", "site"],
            },
        ),
        migrations.CreateModel(
            name="SafetyEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("raised", "Raised"),
                            ("tier", "Became more urgent"),
                            ("amended", "The answer was changed; the alert stays"),
                            ("left-open", "The questions were left before the end"),
                            ("paged", "Paged again: nobody had taken it"),
                            ("taken", "Taken"),
                            ("taken-over", "Taken over"),
                            ("closed", "Documented and closed"),
                            ("not-reached", "Follow-up: not reached"),
                            ("followed-up", "Follow-up done"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField(default=pacificmind.clock.now, editable=False)),
                (
                    "tier",
                    models.CharField(
                        choices=[("URGENT-2", "Urgent: now"), ("URGENT-1", "Urgent: today")], max_length=10
                    ),
                ),
                (
                    "trigger",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("phq9-item9", "PHQ-9 item 9"),
                            ("asq", "ASQ"),
                            ("words", "Words in a free text"),
                            ("staff", "Raised by staff"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        blank=True, max_length=20, verbose_name="what was answered, or the step of the page"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="SafetyPlan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField(default=1, verbose_name="version of this patient's plan")),
                ("signs", models.TextField(blank=True)),
                ("alone", models.TextField(blank=True)),
                ("around", models.TextField(blank=True)),
                ("people", models.TextField(blank=True)),
                ("professionals", models.TextField(blank=True)),
                ("surroundings", models.TextField(blank=True)),
                ("reasons", models.TextField(blank=True)),
                ("made_at", models.DateTimeField(default=pacificmind.clock.now)),
                (
                    "made_as",
                    models.CharField(choices=[("patient", "the patient"), ("clinician", "a clinician")], max_length=10),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="Whereabouts",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("place", models.CharField(max_length=200)),
                ("phone", models.CharField(max_length=40)),
                ("emergency_name", models.CharField(blank=True, max_length=120)),
                ("emergency_phone", models.CharField(blank=True, max_length=40)),
                ("told_at", models.DateTimeField(default=pacificmind.clock.now)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="safetyalert",
            name="closed_alert_is_documented",
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="safety_plan",
            field=models.CharField(
                blank=True,
                choices=[
                    ("made", "Made or reviewed with the patient; it is in the portal"),
                    ("paper", "Made or reviewed with the patient, on paper"),
                    ("declined", "The patient did not want one"),
                    ("not_needed", "Not needed for what was found"),
                    ("in_plan", "Written in the plan"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="seen_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="seen_tier",
            field=models.CharField(
                blank=True, max_length=10, verbose_name="tier whose crisis page the patient went on from"
            ),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="step",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="newest step of its pages, from 1"),
        ),
        migrations.AddField(
            model_name="safetyalert",
            name="tier_raised_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="when its tier rose, where it did"),
        ),
        migrations.AlterField(
            model_name="safetyalert",
            name="plan",
            field=models.TextField(blank=True, verbose_name="what lowers the risk"),
        ),
        migrations.RunSQL(
            "UPDATE intake_safetyalert SET safety_plan = 'in_plan' WHERE closed_at IS NOT NULL", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name="safetyalert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", True),
                    models.Q(
                        ("acknowledged_at__isnull", False),
                        ("closed_by__isnull", False),
                        ("follow_up_on__isnull", False),
                        models.Q(("tool", ""), _negated=True),
                        models.Q(("level", ""), _negated=True),
                        models.Q(("plan", ""), _negated=True),
                        models.Q(("safety_plan", ""), _negated=True),
                        models.Q(("disposition", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="closed_alert_is_documented",
                violation_error_message="Record tool, level, plan, safety plan, follow-up date and disposition first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyalert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("seen_at__isnull", True), ("seen_tier", "")),
                    models.Q(models.Q(("seen_tier", ""), _negated=True), ("seen_at__isnull", False)),
                    _connector="OR",
                ),
                name="alert_seen_by_the_patient_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyalert",
            constraint=models.CheckConstraint(condition=models.Q(("step__gte", 1)), name="alert_pages_count_from_1"),
        ),
        migrations.AddField(
            model_name="asqanswer",
            name="answered_by",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="asqsitting",
            name="alert",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sittings",
                to="intake.safetyalert",
            ),
        ),
        migrations.AddField(
            model_name="asqsitting",
            name="intake",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to="intake.intake"
            ),
        ),
        migrations.AddField(
            model_name="asqsitting",
            name="patient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="intake.patient"),
        ),
        migrations.AddField(
            model_name="asqanswer",
            name="sitting",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="answers", to="intake.asqsitting"
            ),
        ),
        migrations.AddField(
            model_name="oncall",
            name="made_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="oncall",
            name="site",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="clinic.site"),
        ),
        migrations.AddField(
            model_name="oncall",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="safetyevent",
            name="alert",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="events", to="intake.safetyalert"
            ),
        ),
        migrations.AddField(
            model_name="safetyevent",
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
            model_name="safetyplan",
            name="made_by",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="safetyplan",
            name="patient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="intake.patient"),
        ),
        migrations.AddField(
            model_name="whereabouts",
            name="patient",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="intake.patient"),
        ),
        migrations.AddField(
            model_name="whereabouts",
            name="told_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="asqsitting",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("left_at__isnull", True)),
                fields=["last_at"],
                name="sittings_left",
            ),
        ),
        migrations.AddConstraint(
            model_name="asqsitting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("patient",), name="one_open_sitting_a_patient"
            ),
        ),
        migrations.AddConstraint(
            model_name="asqsitting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("outcome", "")),
                    models.Q(("ended_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                    _connector="OR",
                ),
                name="sitting_that_ended_has_an_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="asqanswer",
            constraint=models.UniqueConstraint(fields=("sitting", "number"), name="one_answer_an_asq_question"),
        ),
        migrations.AddConstraint(
            model_name="asqanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__range", (1, 5))), name="asq_has_questions_1_to_5"
            ),
        ),
        migrations.AddConstraint(
            model_name="asqanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__in", ("Y", "N", "R"))), name="asq_answers_are_yes_no_or_refused"
            ),
        ),
        migrations.AddConstraint(
            model_name="asqanswer",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("value", "Y"), _negated=True), ("said_yes", True), _connector="OR"),
                name="a_yes_was_said",
            ),
        ),
        migrations.AddConstraint(
            model_name="oncall",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="on_call_ends_after_it_starts",
                violation_error_message="The end must be after the start.",
            ),
        ),
        migrations.AddConstraint(
            model_name="oncall",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("site", "="),
                    (
                        intake.models.oncall.Period(
                            "starts_at", "ends_at", django.contrib.postgres.fields.ranges.RangeBoundary()
                        ),
                        "&&",
                    ),
                ],
                name="one_person_is_on_call_for_a_site",
                violation_error_message="Somebody is on call there during that time already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyplan",
            constraint=models.UniqueConstraint(fields=("patient", "number"), name="safety_plan_versions_are_distinct"),
        ),
        migrations.AddConstraint(
            model_name="safetyplan",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="safety_plan_versions_count_from_1"
            ),
        ),
        migrations.AddIndex(
            model_name="whereabouts",
            index=models.Index(fields=["patient", "-told_at"], name="whereabouts_latest"),
        ),
        migrations.AddConstraint(
            model_name="whereabouts",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("place", ""), _negated=True), models.Q(("phone", ""), _negated=True)),
                name="whereabouts_say_where_and_which_number",
            ),
        ),
        # What happened to an alert, and a version of a plan, are added and never changed (see 0004_unchanging).
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER never_changes BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION intake_refuse_change()",
                f"DROP TRIGGER never_changes ON {table}",
            )
            for table in ("intake_safetyevent", "intake_safetyplan")
        ),
    ]
