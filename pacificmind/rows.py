"""What all tables share."""

import os
import uuid

from django.db import models


class Row(models.Model):
    """A table whose rows are named by a random UUID: a name, never a permission."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


def random_ids(count: int) -> list[str]:
    """Random UUIDs (version 4) by their 32 digits, in order, which an index takes in faster.

    `uuid4` asks the system for each; this asks once for all.
    """
    digits = os.urandom(15 * count).hex()
    return sorted(
        f"{digits[at : at + 12]}4{digits[at + 12 : at + 15]}8{digits[at + 15 : at + 30]}"
        for at in range(0, 30 * count, 30)
    )
