"""One form for every part of the intake, built from its data. Reads what is valid, and says what is missing."""

import json
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from crispy_forms.bootstrap import InlineRadios
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.utils.html import format_html
from phonenumber_field.formfields import PhoneNumberField

from intake.domain.tabs import Page
from intake.forms.rows import Rows
from intake.sections import Item, Section
from pacificmind.ui.forms import LongText, form_helper

MARK = re.compile(r"[0-9a-f]{32}")
MOST_STEPS = 1_000_000
DECLINED = "declined"
PREFER_NOT = "Prefer not to answer"
MISSING_ROWS = "Please write at least one below, or choose No."
ELSEWHERE = "In another window you answered: {}. Please choose the one that holds, and save again."
NO_ANSWER = "prefer not to answer"
ROWS_AND_NO = "You wrote something below. Please choose Yes, or clear what is below."


@dataclass(frozen=True, slots=True)
class Given:
    """What a page gave: answers by item, those declined, optional ones that were emptied. Only what changed."""

    answers: dict[str, Any] = field(default_factory=dict)
    declined: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def name_of(item: Item) -> str:
    """The form field of a question."""
    return item.id.replace(".", "-")


class SectionForm(forms.Form):
    """The questions of one part. `values` are the stored ones (None where declined); `partial` requires nothing.

    With `in_person` the instrument's questions may stay open: a person of the clinic asks them.

    `seen` holds what the page showed when it was opened: only what differs from it is taken from the page, so that a
    page left open in another tab takes nothing back.
    """

    use_required_attribute = False

    def __init__(
        self,
        section: Section,
        values: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        partial: bool = False,
        in_person: bool = False,
    ) -> None:
        super().__init__(data)
        self.section, self.partial = section, partial
        self.in_person = {item.id for item in section.items if item.instrument} if in_person else set[str]()
        self.seen = _seen(data) if data is not None else _shown(section, values)
        self.mark, self.step = _mark_and_step(data or {})
        for item in section.items:
            self._add(item, values)
        self.rows = Rows(section.rows, values, data) if section.rows else None
        if self.rows:
            self.fields.update(self.rows.fields)
            self.initial.update(self.rows.initial)

    @property
    def helper(self) -> FormHelper:
        """How crispy draws it: fields only."""
        made = form_helper("", tag=False)
        parts = [part for item in self.section.items for part in self._drawn(item)]
        made.layout = Layout(*parts, *(self.rows.layout() if self.rows else []))
        return made

    @property
    def seen_json(self) -> str:
        """What goes into the page's hidden field."""
        return json.dumps(self.seen)

    @property
    def page(self) -> Page:
        """This page, for the service to tell its answers from those of another window."""
        return Page(self.mark, self.step, dict(self.seen))

    def clean(self) -> dict[str, Any]:
        """Drop what is not required after all, then look at the questions together."""
        for name in list(self.errors):
            if self._may_be_empty(name) and all(problem.code == "required" for problem in self.errors[name].as_data()):
                del self.errors[name]
        if self.rows:
            self._clean_rows(self.rows)
        return self.cleaned_data

    def given(self) -> Given:
        """What was given here and is valid, as far as it differs from what the page showed."""
        found, _ = Given(), self.errors
        for item in self.section.items:
            if name_of(item) in self.errors:
                continue
            known, value = self._read(item)
            if known and (item.id not in self.seen or self.seen[item.id] != value):
                _sort_in(found, item.id, value, empty=value is None and not self._is_declined(item))
        for item_id, row in self.rows.given(self.cleaned_data, self.errors).items() if self.rows else ():
            if self.seen.get(item_id) != row:
                _sort_in(found, item_id, row, empty=row is None)
        return found

    def suggest(self, known: Mapping[str, str]) -> None:
        """Show what the clinic knows already where nothing was answered; it counts once the patient saves it."""
        for item_id, value in known.items():
            name = item_id.replace(".", "-")
            if value and name in self.fields and item_id not in self.seen:
                self.initial[name] = value

    def remember(self, given: Given) -> None:
        """After saving: what the page shows now of these is what is stored."""
        self.seen |= given.answers | dict.fromkeys(given.declined)
        for item_id in given.removed:
            self.seen.pop(item_id, None)

    def forget(self, elsewhere: Collection[str]) -> None:
        """These were not stored: the page goes on showing something else than what stands in the record."""
        before = _seen(self.data)
        for item_id in elsewhere:
            self.seen.pop(item_id, None)
            self.seen |= {item_id: before[item_id]} if item_id in before else {}

    def ask_which_holds(self, elsewhere: Mapping[str, str]) -> None:
        """Put beside each question what another window answered, in words; it counts as seen from now on."""
        for item_id, words in elsewhere.items():
            self.add_error(self.field_of(item_id), ELSEWHERE.format(words or NO_ANSWER))

    def field_of(self, item_id: str) -> str:
        """The form field of a question, or of the first cell of a row."""
        if self.rows and item_id.startswith(f"{self.rows.kind}."):
            return self.rows.name(item_id.partition(".")[2], self.rows.first)
        return item_id.replace(".", "-")

    def _add(self, item: Item, values: Mapping[str, Any]) -> None:
        name = name_of(item)
        self.fields[name] = _field(item)
        stored = values.get(item.id)
        declined = item.id in values and stored is None
        if item.options:
            self.initial[name] = _choices_initial(item, stored, declined)
            return
        self.initial[name] = stored
        if item.declinable:
            words = format_html('{}<span class="visually-hidden">: {}</span>', PREFER_NOT, item.label)
            self.fields[f"{name}-{DECLINED}"] = forms.BooleanField(label=words, required=False)
            self.initial[f"{name}-{DECLINED}"] = declined

    def _drawn(self, item: Item) -> list[object]:
        """The fields of a question; those in another language say so to a screen reader."""
        drawn = self._layout(item)
        return [Div(*drawn, lang=self.section.language)] if item.instrument and self.section.language != "en" else drawn

    def _layout(self, item: Item) -> list[object]:
        name = name_of(item)
        if item.kind == "yesno":
            return [InlineRadios(name)]
        return [name, f"{name}-{DECLINED}"] if f"{name}-{DECLINED}" in self.fields else [name]

    def _may_be_empty(self, name: str) -> bool:
        asked_later = any(name == item.replace(".", "-") for item in self.in_person)
        return self.partial or asked_later or name.startswith("row-") or bool(self.data.get(f"{name}-{DECLINED}"))

    def _is_declined(self, item: Item) -> bool:
        value = self.cleaned_data.get(name_of(item))
        if item.options:
            return value == DECLINED or value == [DECLINED]
        return value in (None, "") and bool(self.cleaned_data.get(f"{name_of(item)}-{DECLINED}"))

    def _read(self, item: Item) -> tuple[bool, Any]:
        """Whether the page says anything of this question, and what: None where declined or emptied."""
        name = name_of(item)
        value = self.cleaned_data.get(name)
        if self._is_declined(item):
            return True, None
        if item.kind == "several":
            chosen = [one for one in value or [] if one != DECLINED]
            return bool(chosen), chosen
        if item.options:
            stored = {str(option): option for option, _ in item.options}
            return value in stored, stored.get(str(value))
        if value in (None, ""):
            return name in self.data and item.id in self.seen and not item.required, None
        return True, value.as_e164 if item.kind == "phone" else value

    def _clean_rows(self, rows: Rows) -> None:
        any_item = self.section.items[0]
        name = name_of(any_item)
        written = rows.clean(self)
        said = self.cleaned_data.get(name)
        if written and not said:
            self.errors.pop(name, None)
            self.cleaned_data[name] = "yes"
        elif written and said == "no":
            self.add_error(name, ROWS_AND_NO)
        elif not written and said == "yes" and not self.partial and not rows.has_errors(self.errors):
            self.add_error(name, MISSING_ROWS)


def _field(item: Item) -> forms.Field:
    words: dict[str, Any] = {"label": item.label, "help_text": item.help, "required": item.required}
    if item.options:
        choices = [(str(value), text) for value, text in item.options]
        choices += [(DECLINED, PREFER_NOT)] if item.declinable else []
        if item.kind == "several":
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **words)
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **words)
    if item.kind == "count":
        return forms.IntegerField(min_value=item.low, max_value=item.high, **words)
    if item.kind == "number":
        return forms.FloatField(min_value=item.low, max_value=item.high, **words)
    if item.kind == "phone":
        attrs = {"type": "tel", "autocomplete": item.autocomplete or "tel"}
        made: forms.Field = PhoneNumberField(region="US", widget=forms.TextInput(attrs=attrs), **words)
        return made
    if item.kind == "long":
        return forms.CharField(max_length=item.max_length, widget=LongText(attrs={"rows": 5}), **words)
    attrs = {"autocomplete": item.autocomplete} if item.autocomplete else {}
    return forms.CharField(max_length=item.max_length, widget=forms.TextInput(attrs=attrs), **words)


def _choices_initial(item: Item, stored: Any, declined: bool) -> Any:
    if item.kind == "several":
        return [DECLINED] if declined else stored or []
    return DECLINED if declined else "" if stored is None else str(stored)


def _shown(section: Section, values: Mapping[str, Any]) -> dict[str, Any]:
    rows = f"{section.rows}." if section.rows else "\0"
    known = {item.id for item in section.items}
    return {item: value for item, value in values.items() if item in known or item.startswith(rows)}


def _seen(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says it showed; nothing where it cannot be read, and then everything given counts as new."""
    try:
        found = json.loads(data.get("seen") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _mark_and_step(data: Mapping[str, Any]) -> tuple[str, int]:
    """The page's own mark, made when it is opened and kept when it is shown again, and how often it was sent."""
    mark, step = str(data.get("page", "")), str(data.get("step", "0"))
    known = bool(MARK.fullmatch(mark))
    counted = int(step) if step.isascii() and step.isdigit() and len(step) <= 7 else 0
    return (mark, min(counted, MOST_STEPS)) if known else (uuid.uuid4().hex, 0)


def _sort_in(found: Given, item_id: str, value: Any, *, empty: bool) -> None:
    if empty:
        found.removed.append(item_id)
    elif value is None:
        found.declined.append(item_id)
    else:
        found.answers[item_id] = value
