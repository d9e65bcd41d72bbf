"""The forms of the rota: somebody on call from when until when, and the number for pages."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.layout import Layout
from django import forms
from phonenumber_field.formfields import PhoneNumberField

from intake.domain.rota import NoSuchTime, instant
from pacificmind.accounts.models import User
from pacificmind.clinic.models import Site
from pacificmind.ui.forms import RequestIdMixin, form_helper

DAY = {"type": "date"}
CLOCK = {"type": "time"}
STARTS = time(18)  # what the form proposes: a night


class DutyForm(RequestIdMixin, forms.Form):
    """Who is on call, where, from when until when, by the clock of the sites."""

    user = forms.ChoiceField(label="Who")
    sites = forms.MultipleChoiceField(label="For", widget=forms.CheckboxSelectMultiple)
    from_day = forms.DateField(label="From, day", widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    from_time = forms.TimeField(label="From, time", widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"))
    until_day = forms.DateField(label="Until, day", widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d"))
    until_time = forms.TimeField(
        label="Until, time",
        widget=forms.TimeInput(attrs=CLOCK, format="%H:%M"),
        help_text="The next duty can begin at this very minute.",
    )

    def __init__(
        self, *args: Any, people: Sequence[User], sites: Sequence[Site], start: datetime | None, **kwargs: Any
    ) -> None:
        """`start` is where the rota has its first gap, as wall time of the first site."""
        super().__init__(*args, **kwargs)
        self.places = {site.pk: site for site in sites}
        who, where = self.fields["user"], self.fields["sites"]
        assert isinstance(who, forms.ChoiceField)
        assert isinstance(where, forms.MultipleChoiceField)
        who.choices = [("", "Choose a prescriber"), *((str(user.pk), str(user)) for user in people)]
        where.choices = [(site.pk, site.name) for site in sites]
        where.initial = list(self.places)
        if start is not None:
            self.fields["from_day"].initial, self.fields["from_time"].initial = start.date(), start.time()
            self.fields["until_day"].initial = start.date() + timedelta(days=7)
            self.fields["until_time"].initial = start.time()
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout("request_id", "user", "sites", "from_day", "from_time", "until_day", "until_time")

    def clean(self) -> dict[str, Any]:
        """Wall times become instants; one that the clock jumps over is refused beside its field."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        zones = {self.places[site].zone for site in data.get("sites", ())}
        if len(zones) > 1:
            self.add_error("sites", "These sites have different clocks. Enter one after the other.")
        if self.errors:
            return data
        zone = ZoneInfo(zones.pop())
        for end, field in (("from", "starts_at"), ("until", "ends_at")):
            try:
                data[field] = instant(datetime.combine(data[f"{end}_day"], data[f"{end}_time"]), zone)
            except NoSuchTime as error:
                self.add_error(f"{end}_time", str(error))
        if not self.errors and data["ends_at"] <= data["starts_at"]:
            self.add_error("until_day", "The end must be after the start.")
        return data


class PageNumberForm(RequestIdMixin, forms.Form):
    """The number on which a prescriber is paged by text message."""

    person = forms.ChoiceField(label="Who")
    phone = PhoneNumberField(
        label="Number for pages",
        region="US",
        required=False,
        help_text="Leave it empty, and pages go by mail alone.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who = self.fields["person"]
        assert isinstance(who, forms.ChoiceField)
        who.choices = [("", "Choose a prescriber"), *((str(user.pk), str(user)) for user in people)]
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout("request_id", "person", "phone")
