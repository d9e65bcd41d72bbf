"""What all tables share."""

import uuid

from django.db import models


class Row(models.Model):
    """A table whose rows are named by a random UUID: a name, never a permission."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True
