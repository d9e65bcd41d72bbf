"""A manager's own words for a message, each saving a version."""

from django.conf import settings
from django.db import models

from pacificmind.clock import now

LANGUAGES = [("en", "English"), ("es", "Español")]


class Wording(models.Model):
    """The words of one message in one language from `made_at` on; the highest version holds, older ones are kept.

    Empty words: from then on the words that came with the software hold again.
    """

    key = models.CharField(max_length=40)
    language = models.CharField(max_length=2, choices=LANGUAGES)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=120, blank=True)
    body = models.TextField(blank=True)
    sms = models.CharField("text message", max_length=600, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "language", "version"], name="wording_has_one_of_each_version"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="wording_versions_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.language} {self.version}"
