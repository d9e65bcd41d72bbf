"""Whatever is posted to any part of the intake: no error, nothing stored that is no answer, nothing good lost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.facts import facts_from_values
from intake.forms.intake import SectionForm, name_of
from intake.sections import Item, all_items, sections
from tests.intake.test_facts import TODAY

CELLS = ("name", "dose", "often", "drug", "mg", "weeks", "episode", "adherent", "outcome", "source")
NAMES = [name_of(item) for item in all_items()]
FIELDS = [*NAMES, *(f"{name}-declined" for name in NAMES), *(f"row-0123abcd-{cell}" for cell in CELLS)]
NOISE = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["yes", "no", "declined", "0", "1", "-1", "3.5", "1e309", "nan", "\x00", "9" * 400, "(213) 555-01"]
    ),
)
HIDDEN = st.fixed_dictionaries({}, optional={"seen": NOISE, "page": NOISE, "step": NOISE})


def fits(item: Item, value: Any) -> bool:
    """Whether a stored value is an answer to this question."""
    if item.kind == "several":
        return isinstance(value, list) and {*value} <= {option for option, _ in item.options}
    if item.options:
        return value in [option for option, _ in item.options]
    if item.kind in ("count", "number"):
        return not isinstance(value, bool) and item.low <= value <= item.high
    return isinstance(value, str) and 0 < len(value) <= item.max_length


@given(data=st.dictionaries(st.sampled_from(FIELDS), NOISE, max_size=30), hidden=HIDDEN, partial=st.booleans())
@settings(max_examples=40, deadline=None)
def test_only_answers_come_out_of_a_form(data: dict[str, str], hidden: dict[str, str], partial: bool) -> None:
    given_values: dict[str, Any] = {}
    for part in sections():
        form = SectionForm(part, {}, {**data, **hidden}, partial=partial)
        told = form.given()
        items = {item.id: item for item in part.items}
        for item_id, value in told.answers.items():
            if item_id in items:
                assert fits(items[item_id], value), (item_id, value)
            else:
                assert part.rows
                assert value["name" if part.rows == "medicine" else "drug"]
        assert all(items[item_id].declinable for item_id in told.declined)
        given_values |= told.answers | dict.fromkeys(told.declined)
    facts_from_values(given_values, today=TODAY)


@pytest.mark.parametrize("part", sections(), ids=lambda part: part.slug)
def test_an_empty_page_gives_nothing_and_asks_for_every_required_question(part: Any) -> None:
    form = SectionForm(part, {}, {})
    told = form.given()
    assert (told.answers, told.declined, told.removed) == ({}, [], [])
    assert {name_of(item) for item in part.items if item.required} == {*form.errors}
