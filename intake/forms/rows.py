"""Tables in the intake: medicines taken, antidepressants tried. Each row has a name of its own, so that rows written in
two tabs stand side by side and none replaces another."""

import re
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from crispy_forms.layout import Div, Fieldset
from django import forms

from intake.domain import library
from intake.domain.medicines import suggestions
from intake.sections import RowsKind

KEY = re.compile(r"row-([0-9a-f]{8})-(?:name|drug)")
SPARE = 3
MOST = {"medicine": 60, "trial": 40}  # offered; whatever is written is read (DATA_UPLOAD_MAX_NUMBER_FIELDS)
SUGGESTIONS = "medicine-names"  # the id of the list in the page
KNOWN = "We know it as: {}."
UNKNOWN = "This is not in our list. We keep it as you wrote it, and a clinician reads it."
ADD_NAME = "Please write the name, or clear this row."
TITLES = {"medicine": "Medicine", "trial": "Antidepressant"}
YES_NO = [("", "Choose"), ("yes", "Yes"), ("no", "No"), ("unknown", "Not sure")]
OUTCOMES = [
    ("", "Choose"),
    ("none", "It did not help"),
    ("partial", "It helped a little"),
    ("remitted", "I got well with it"),
    ("intolerant", "I stopped because of side effects"),
    ("unsure", "Not sure"),
]
SOURCES = [
    ("", "Choose"),
    ("patient", "I remember it"),
    ("pharmacy", "From the pharmacy, or a package"),
    ("record", "From medical records"),
]


class Rows:
    """The fields of all rows: those stored, those posted, and some to fill in."""

    def __init__(self, kind: RowsKind, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> None:
        self.kind = kind
        stored = {
            item.removeprefix(f"{kind}."): value
            for item, value in values.items()
            if item.startswith(f"{kind}.") and isinstance(value, dict)
        }
        if data is None:
            room = max(0, MOST[kind] - len(stored))
            self.keys = [*stored, *(uuid.uuid4().hex[:8] for _ in range(min(SPARE, room)))]
        else:
            self.keys = list(dict.fromkeys(found[1] for name in data if (found := KEY.fullmatch(name))))
        self.first = "name" if kind == "medicine" else "drug"
        self.fields = {self.name(key, part): made for key in self.keys for part, made in _fields(kind).items()}
        self.initial = {self.name(key, part): value for key in self.keys for part, value in stored.get(key, {}).items()}
        for key in self.keys:
            self.fields[self.name(key, self.first)].help_text = _known(stored.get(key, {}).get(self.first))

    @property
    def is_full(self) -> bool:
        """Whether the page offers no further row."""
        return len(self.keys) >= MOST[self.kind]

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Names the browser offers while one types; anything else may be written too."""
        return _suggestions(self.kind)

    def name(self, key: str, part: str) -> str:
        """The form field of one cell."""
        return f"row-{key}-{part}"

    def layout(self) -> list[object]:
        """Each row a group with a heading, its short fields side by side where there is room."""
        parts = list(_fields(self.kind))
        return [
            Fieldset(
                f"{TITLES[self.kind]} {number}",
                self.name(key, self.first),
                Div(
                    *(Div(self.name(key, part), css_class="col-md-6") for part in parts if part != self.first),
                    css_class="row",
                ),
                css_class="form-section",
            )
            for number, key in enumerate(self.keys, 1)
        ]

    def clean(self, form: forms.Form) -> list[str]:
        """Rows with a name; a row with anything else but no name is an error beside its name."""
        written = []
        for key in self.keys:
            cells = self._cells(form.cleaned_data, key)
            if cells.get(self.first):
                written.append(key)
            elif any(value not in (None, "") for value in cells.values()):
                form.add_error(self.name(key, self.first), ADD_NAME)
        return written

    def given(self, cleaned: Mapping[str, Any], errors: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
        """Item to row, None for a row that is empty; rows with an error are left out."""
        found: dict[str, dict[str, Any] | None] = {}
        for key in self.keys:
            if any(name.startswith(f"row-{key}-") for name in errors):
                continue
            cells = self._cells(cleaned, key)
            found[f"{self.kind}.{key}"] = cells if cells.get(self.first) else None
        return found

    def has_errors(self, errors: Mapping[str, Any]) -> bool:
        """Whether any cell of any row was refused."""
        return any(name.startswith("row-") for name in errors)

    def _cells(self, cleaned: Mapping[str, Any], key: str) -> dict[str, Any]:
        return {part: cleaned.get(self.name(key, part)) for part in _fields(self.kind)}


def _fields(kind: RowsKind) -> dict[str, forms.Field]:
    if kind == "medicine":
        return {
            "name": _name("Name"),
            "dose": forms.CharField(label="How much at a time", max_length=100, required=False),
            "often": forms.CharField(label="How often", max_length=100, required=False),
        }
    return {
        "drug": _name("Name"),
        "mg": forms.FloatField(label="Highest dose a day, in mg", min_value=0, max_value=10_000, required=False),
        "weeks": forms.IntegerField(label="For how many weeks", min_value=0, max_value=3_000, required=False),
        "episode": forms.ChoiceField(label="In this low time?", choices=YES_NO, required=False),
        "adherent": forms.ChoiceField(label="Taken on most days?", choices=YES_NO, required=False),
        "outcome": forms.ChoiceField(label="How did it go?", choices=OUTCOMES, required=False),
        "source": forms.ChoiceField(label="How do you know these details?", choices=SOURCES, required=False),
    }


def _name(label: str) -> forms.CharField:
    attrs = {"list": SUGGESTIONS, "autocomplete": "off"}
    return forms.CharField(label=label, max_length=200, widget=forms.TextInput(attrs=attrs))


@cache
def _suggestions(kind: RowsKind) -> tuple[str, ...]:
    return suggestions(library.medicine_table(), library.dose_table().names if kind == "trial" else None)


def _known(text: object) -> str:
    """What the name was understood as; nothing for an empty row."""
    if not isinstance(text, str) or not text:
        return ""
    found = library.match(text)
    return KNOWN.format(", ".join(found.ingredients)) if found.recognised else UNKNOWN
