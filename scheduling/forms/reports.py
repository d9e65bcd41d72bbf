"""For which sites and months a report is asked. By GET: it names nobody."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from pacificmind.clinic.models import Site
from scheduling.domain.figures import Span, month_after

MONTHS_BACK, USUALLY = 36, 3


class ReportForm(forms.Form):
    """A site or all, and whole months."""

    site = forms.ChoiceField(label="Site", required=False)
    since = forms.ChoiceField(label="From", required=False)
    until = forms.ChoiceField(label="Through", required=False)

    def __init__(self, data: Any, *, sites: Sequence[Site], today: date) -> None:
        this = today.replace(day=1)
        usual = {"site": "", "since": _key(month_after(this, 1 - USUALLY)), "until": _key(this)}
        asked = {name: data.get(name) for name in usual if name in data}
        super().__init__({**usual, **asked})
        self.sites, self.usual = list(sites), Span(month_after(this, 1 - USUALLY), month_after(this))
        months = [month_after(this, -back) for back in range(MONTHS_BACK)]
        named = [(_key(month), f"{month:%B %Y}") for month in months]
        self.fields["site"] = forms.ChoiceField(
            label="Site", required=False, choices=[("", "All sites"), *((site.pk, site.name) for site in sites)]
        )
        self.fields["since"] = forms.ChoiceField(label="From", choices=named)
        self.fields["until"] = forms.ChoiceField(label="Through", choices=named)
        for name in self.fields:
            kind = "form-select is-invalid" if name in self.errors else "form-select"
            self.fields[name].widget.attrs["class"] = kind

    def clean(self) -> dict[str, Any]:
        """The last month does not lie before the first."""
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", "Choose the same month as “From”, or a later one.")
        return data

    @property
    def span(self) -> Span:
        """The months asked for; the usual ones where they could not be read."""
        if not self.is_valid():
            return self.usual
        first, last = (date.fromisoformat(f"{self.cleaned_data[name]}-01") for name in ("since", "until"))
        return Span(first, month_after(last))

    @property
    def wanted(self) -> list[Site]:
        """The sites asked for."""
        slug = self.cleaned_data.get("site") if self.is_valid() else ""
        return [site for site in self.sites if slug in ("", site.pk)]

    @property
    def asked(self) -> dict[str, str]:
        """What was asked, for the audit and for the address of the file."""
        span = self.span
        site = self.wanted[0].pk if len(self.wanted) == 1 and len(self.sites) > 1 else ""
        return {"site": site, "since": _key(span.first), "until": _key(month_after(span.until, -1))}


def _key(month: date) -> str:
    return f"{month:%Y-%m}"
