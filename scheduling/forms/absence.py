"""The form of the one action for a day on which somebody or something is not there."""

import uuid
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from pacificmind.accounts.models import Clinician, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.ui.forms import form_helper
from scheduling.domain.intervals import Interval
from scheduling.domain.policy import day_words
from scheduling.domain.repair import Absence
from scheduling.domain.walltime import day_of
from scheduling.models import Room
from scheduling.queries.visits import sites_seen_by
from scheduling.services.supply import whole_day

LONGEST_AHEAD = timedelta(days=366)
CLINICIAN, ROOM, SITE = "clinician", "room", "site"


class AbsenceForm(forms.Form):
    """Who or what, and the day; sent by GET, with nothing of a patient in it."""

    what = forms.ChoiceField(label="Who or what", error_messages={"required": "Choose who or what is not there."})
    on = forms.DateField(
        label="Day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the day."},
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, user: User, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.sites = sites_seen_by(user)
        works = Q(weeklyshift__site__in=self.sites) | Q(shiftexception__site__in=self.sites)
        people = Clinician.objects.filter(works, user__is_active=True).select_related("user").distinct()
        rooms = Room.objects.filter(site__in=self.sites, in_use=True).select_related("site").order_by("site", "name")
        self.people = {f"{CLINICIAN} {one.pk}": one for one in people.order_by("user__name")}
        self.rooms = {f"{ROOM} {one.pk}": one for one in rooms}
        self.closing = {f"{SITE} {one.pk}": one for one in self.sites}
        self.fields["what"] = forms.ChoiceField(
            label="Who or what",
            choices=[
                ("", "Choose"),
                ("Somebody is ill or away", [(key, str(one)) for key, one in self.people.items()]),
                ("A room is out of use", [(key, self._room(one)) for key, one in self.rooms.items()]),
                ("A site is closed", [(key, one.name) for key, one in self.closing.items()]),
            ],
            error_messages={"required": "Choose who or what is not there."},
        )
        self.order_fields(["what", "on"])

    def _room(self, room: Room) -> str:
        return f"{room.name}, {room.site.name}" if len(self.sites) > 1 else room.name

    def clean_on(self) -> date:
        """Today or later, within a year."""
        on: date = self.cleaned_data["on"]
        today = min(day_of(now(), site.tz) for site in self.sites)
        if not today <= on <= today + LONGEST_AHEAD:
            raise forms.ValidationError("Choose today or a day of the coming year.")
        return on

    def key(self) -> str:
        """What was chosen, as one word a proposal is sealed for."""
        return f"{self.cleaned_data['what']} {self.cleaned_data['on']}"

    def title(self) -> str:
        """What was chosen, as a sentence."""
        what, when = self.cleaned_data["what"], day_words(self.cleaned_data["on"])
        if what in self.people:
            return f"{self.people[what]} is away on {when}"
        if what in self.rooms:
            return f"{self.rooms[what].name} is out of use on {when}"
        return f"{self.closing[what].name} is closed on {when}"

    def absence(self) -> Absence:
        """From midnight to midnight at the wall clock of its site."""
        what, on = self.cleaned_data["what"], self.cleaned_data["on"]
        kind, _, key = what.partition(" ")
        site: Site = self.rooms[what].site if kind == ROOM else self.closing.get(what, self.sites[0])
        return Absence(Interval(*whole_day(on, site)), **{kind: str(uuid.UUID(key)) if kind != SITE else key})
