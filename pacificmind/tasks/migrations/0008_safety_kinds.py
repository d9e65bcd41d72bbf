"""Tasks about a suicide question left open, and about an alert nobody takes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0007_answered_text"),
    ]

    operations = [
        migrations.AlterField(
            model_name="task",
            name="kind",
            field=models.CharField(
                choices=[
                    ("request-call-back", "Call back: consultation request"),
                    ("request-in-crisis", "Read now: a request needs a person"),
                    ("safety-alert", "Safety alert: open and take it"),
                    ("safety-follow-up", "Follow up on a safety alert"),
                    ("safety-review", "Talk with the patient today"),
                    ("alert-untaken", "Call a clinician: a safety alert waits"),
                    ("safety-visit", "Decide about a booked visit"),
                    ("intake-review", "Review an intake"),
                    ("screening-changed", "Read again: something new about a cleared patient"),
                    ("series-review", "Review a series before its next stage"),
                    ("pause-review", "Review a series after a pause"),
                    ("deviation", "A series week had fewer than two visits"),
                    ("clearance-lapsed", "Visits are booked without a decision in force"),
                    ("clearance-ends", "A decision ends soon: look ahead"),
                    ("patient-answered", "A patient wrote back: read it"),
                    ("patient-asked", "Something waits in the portal for the patient: call them"),
                    ("result-again", "A check is due again"),
                    ("record-opened", "A record of another site was opened: look at the reason"),
                    ("condition-open", "A condition is still open before a visit"),
                    ("message-failed", "A message did not leave: reach the person"),
                    ("message-stuck", "It is not known whether a message left"),
                    ("text-answered", "Somebody answered a text: read it and call"),
                    ("patient-call", "The patient asked to be called"),
                    ("booster-ask", "The patient asked about a further visit"),
                    ("visit-to-move", "Move a visit: its time is no longer free"),
                    ("visit-unlawful", "A visit no longer keeps the plan: find another time"),
                    ("waitlist-call", "Call about an earlier time"),
                    ("held-visit-near", "A held visit is near: its review is late"),
                    ("before-visit-look", "Look at answers given before a visit"),
                    ("escort-open", "Nobody is named to take a patient home"),
                    ("check-in-look", "Look at the answers of a check-in"),
                    ("talk-first", "Talk with a patient: the last check-in"),
                    ("decision-ends", "A decision ends soon"),
                    ("visits-often", "Further visits come often: look at the plan"),
                    ("on-call-gap", "A time without anybody on call"),
                ],
                max_length=30,
            ),
        ),
    ]
