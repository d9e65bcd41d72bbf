"""When pages about an alert go out again, and how far ahead the rota is watched."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0006_how_long_messages_are_kept"),
    ]

    operations = [
        migrations.AddField(
            model_name="clinicsettings",
            name="alert_repeat_minutes",
            field=models.PositiveSmallIntegerField(default=10, verbose_name="minutes between its pages after that"),
        ),
        migrations.AddField(
            model_name="clinicsettings",
            name="alert_second_minutes",
            field=models.PositiveSmallIntegerField(default=10, verbose_name="minutes to its second escalation"),
        ),
        migrations.AddField(
            model_name="clinicsettings",
            name="alert_third_minutes",
            field=models.PositiveSmallIntegerField(default=15, verbose_name="minutes to its third escalation"),
        ),
        migrations.AddField(
            model_name="clinicsettings",
            name="asq_wait_minutes",
            field=models.PositiveSmallIntegerField(
                default=10, verbose_name="minutes until a screen left open counts as urgent"
            ),
        ),
        migrations.AddField(
            model_name="clinicsettings",
            name="on_call_days",
            field=models.PositiveSmallIntegerField(
                default=7, verbose_name="days ahead in which a gap in the rota is a task"
            ),
        ),
        migrations.RunSQL(  # whoever chose a longer time to take an alert keeps it
            "UPDATE clinic_clinicsettings SET alert_ack_minutes = greatest(alert_ack_minutes, 1), "
            "alert_second_minutes = greatest(alert_second_minutes, alert_ack_minutes + 5), "
            "alert_third_minutes = greatest(alert_third_minutes, alert_ack_minutes + 10)",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="clinicsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("alert_ack_minutes__gte", 1),
                    ("alert_repeat_minutes__gte", 1),
                    ("alert_second_minutes__gt", models.F("alert_ack_minutes")),
                    ("alert_third_minutes__gt", models.F("alert_second_minutes")),
                ),
                name="escalations_follow_each_other",
                violation_error_message="Each escalation comes later than the one before it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="clinicsettings",
            constraint=models.CheckConstraint(
                condition=models.Q(("asq_wait_minutes__range", (1, 60))),
                name="a_screen_left_open_waits_an_hour_at_most",
                violation_error_message="Choose 1 to 60 minutes.",
            ),
        ),
    ]
