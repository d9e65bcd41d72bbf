"""The form of one part of an inquiry: the intake's form, with what belongs together looked at together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intake.domain import inquiry as domain
from intake.domain.library import crisis_words
from intake.forms.intake import SectionForm, name_of
from intake.inquiry_parts import part
from intake.sections import Section

NAME_THEM = 'Please write their name and telephone, or choose "Not yet".'
LONGEST_KEPT = 100_000  # characters of a text that is too long for its field
BOTH = "Please write both numbers, or leave both empty."


def section_of(name: str, *, knows_escort: bool, knows_emergency: bool = False) -> Section:
    """A part as it is asked of this patient: what is known is not asked again. Raises KeyError."""
    found = part(name)
    if name == domain.WHERE and knows_emergency:
        return replace(found, items=tuple(item for item in found.items if "emergency" not in item.id))
    if name != domain.READY or knows_escort:
        return found
    items = [
        replace(item, options=tuple(one for one in item.options if one[0] != "same"))
        if item.id == "ready.escort"
        else item
        for item in found.items
    ]
    return replace(found, items=tuple(items))


class InquiryForm(SectionForm):
    """One part."""

    def __init__(self, section: Section, values: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(section, values, data)
        self.seen = {}  # everything that is given counts: a part is stored once

    def crisis_texts(self) -> dict[str, str]:
        """Words of crisis by question, as they were typed, whatever is wrong with the page."""
        typed = {item.id: str(self.data.get(name_of(item), "")).strip()[:LONGEST_KEPT] for item in self.section.items}
        return {item: text for item, text in typed.items() if crisis_words(text)}

    def clean(self) -> dict[str, Any]:
        """An escort has a name and a number; a blood pressure has two."""
        data = super().clean()
        if data.get("ready-escort") == "new":
            for name in ("ready-escort_name", "ready-escort_phone"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, NAME_THEM)
        pair = ("ready-systolic", "ready-diastolic")
        if all(name in data for name in pair) and (data[pair[0]] is None) != (data[pair[1]] is None):
            self.add_error(pair[0] if data[pair[0]] is None else pair[1], BOTH)
        return data
