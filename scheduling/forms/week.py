"""A week of hours as a form: some ranges on each day, each with from and until, and the site where that matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from pacificmind.ui.forms import RequestIdMixin
from scheduling.domain.week import DAYS, Range, problems

FEWEST, MOST = 2, 6  # rows of a day that are shown, and that are read


class WeekForm(RequestIdMixin):
    """Fields are named `<weekday>-<row>-<starts|ends|site>`. An empty row is no range."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        ranges: Sequence[Range],
        seen: str,
        sites: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(data, initial={"seen": seen})
        self.sites = list(sites)
        self.ranges: list[Range] = []
        days = [sorted(one for one in ranges if one.weekday == day) for day in range(7)]
        self.rows = [self._rows(data, day, len(days[day])) for day in range(7)]
        for day, mine in enumerate(days):
            for row in range(self.rows[day]):
                self._add(day, row, mine[row] if row < len(mine) else None)

    @staticmethod
    def _rows(data: Mapping[str, Any] | None, day: int, used: int) -> int:
        sent = sum(f"{day}-{row}-starts" in data for row in range(MOST)) if data is not None else 0
        return min(max(used + 1, sent, FEWEST), max(MOST, used))

    def _add(self, day: int, row: int, one: Range | None) -> None:
        for name, label, value in [
            ("starts", "From", one.starts if one else None),
            ("ends", "Until", one.ends if one else None),
        ]:
            widget = forms.TimeInput(attrs={"type": "time", "autocomplete": "off"}, format="%H:%M")
            again = "" if row == 0 else f" ({row + 1})"
            self.fields[f"{day}-{row}-{name}"] = forms.TimeField(
                label=f"{label}{again}", required=False, widget=widget, initial=value
            )
        if self.sites:
            site = forms.ChoiceField(
                label="Site" if row == 0 else f"Site ({row + 1})",
                choices=self.sites,
                required=False,
                initial=one.site_id if one else self.sites[0][0],
            )
            self.fields[f"{day}-{row}-site"] = site

    def clean(self) -> dict[str, Any]:
        """Put the ranges together; what is wrong is said beside its field, with the day's name."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        found, places = [], []
        for day in range(7):
            for row in range(self.rows[day]):
                starts, ends = (data.get(f"{day}-{row}-{name}") for name in ("starts", "ends"))
                self._check_whole(day, row, starts, ends)
                if starts is not None and ends is not None:
                    site_id = data.get(f"{day}-{row}-site") or (self.sites[0][0] if self.sites else "")
                    found.append(Range(day, starts, ends, site_id))
                    places.append((day, row))
        for problem in problems(found):
            day, row = places[problem.index]
            self.add_error(f"{day}-{row}-{problem.field}", problem.say)
        self.ranges = found
        return data

    def _check_whole(self, day: int, row: int, starts: time | None, ends: time | None) -> None:
        """Say beside the empty field that one of the two times is missing."""
        names = {f"{day}-{row}-starts": starts, f"{day}-{row}-ends": ends}
        if (starts is None) != (ends is None) and not set(names) & set(self.errors):
            missing = next(name for name, value in names.items() if value is None)
            self.add_error(missing, f"{DAYS[day]}: write both times, or neither.")

    def days(self) -> Iterator[tuple[str, list[list[BoundField]]]]:
        """For the template: each day's name and its rows of fields."""
        names = ("site", "starts", "ends") if self.sites else ("starts", "ends")
        for day in range(7):
            rows = [[self[f"{day}-{row}-{name}"] for name in names] for row in range(self.rows[day])]
            yield DAYS[day], rows
