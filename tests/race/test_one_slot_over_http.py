"""Fifty patients on one time through the whole product: gunicorn, sessions, forms, pages."""

import pytest

from tests import cast
from tests.bench import one_slot, web
from tests.calendar import weekday_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def test_one_is_booked_and_forty_nine_are_told_kindly() -> None:
    """What `bin/bench --only slot` measures over twenty rounds, here for two: one booked each, nobody sees an error."""
    cast.visit_types()
    cast.room()
    cast.prescriber()
    sessions = one_slot.patients()
    with web.serving(workers=2) as port:
        found = one_slot.rounds(port, cast.site(), sessions, weekday_at(9), 2)
    assert found.booked == [1, 1]
    assert found.kind == [49, 49], "each refusal says that the time was taken and offers other times"
    assert not found.broken
