"""Who is on call for safety alerts."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.rows import Row


class Period(Func):
    """The half-open range of two instants, as the database sees it."""

    function = "TSTZRANGE"
    output_field: Any = DateTimeRangeField()


class OnCall(Row):
    """One person on call for one site for a time; a duty for several sites is a row for each, with one `duty`."""

    duty = models.UUIDField(default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField(default=now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["starts_at", "site"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="on_call_ends_after_it_starts",
                violation_error_message="The end must be after the start.",
            ),
            ExclusionConstraint(
                name="one_person_is_on_call_for_a_site",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    (Period("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                violation_error_message="Somebody is on call there during that time already.",
            ),
        ]

    def __str__(self) -> str:
        return f"on call from {self.starts_at:%Y-%m-%d}"
