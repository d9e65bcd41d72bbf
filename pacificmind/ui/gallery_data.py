"""Invented content for the gallery of components; nothing here comes from the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django import forms
from django.core.paginator import Paginator

from pacificmind import clock
from pacificmind.ui.forms import RequestIdMixin, form_helper
from pacificmind.ui.parts import Row, Tab, TimelineItem
from pacificmind.ui.status import STATUSES

ZONE = "America/Los_Angeles"


class GalleryForm(RequestIdMixin, forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label="E-mail",
        help_text="We send the confirmation there.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    site = forms.ChoiceField(label="Where", choices=[("la", "Los Angeles"), ("lb", "Long Beach")])
    often = forms.ChoiceField(
        label="Over the last 2 weeks, how often was your sleep poor?",
        help_text="Choose what comes closest.",
        choices=[(0, "Not at all"), (1, "Several days"), (2, "More than half the days"), (3, "Nearly every day")],
        widget=forms.RadioSelect,
    )
    times = forms.MultipleChoiceField(
        label="Times that suit you",
        required=False,
        choices=[("am", "Mornings"), ("pm", "Afternoons")],
        widget=forms.CheckboxSelectMultiple,
    )
    note = forms.CharField(label="Anything we should know", required=False, widget=forms.Textarea(attrs={"rows": 4}))
    agree = forms.BooleanField(label="You may write to me by e-mail")
    helper = form_helper("Send this sample")


def context() -> dict[str, object]:
    """All the gallery's template needs, one refused form and one fresh."""
    now = clock.now()
    return {
        "zone": ZONE,
        "moment": now - timedelta(minutes=5),
        "winter": datetime(2027, 3, 9, 18, 30, tzinfo=UTC),
        "fresh": GalleryForm(prefix="fresh"),
        "refused": GalleryForm({"email": "not an address", "often": "9"}),
        "statuses": list(STATUSES),
        "rows": [
            Row("Site", "Long Beach"),
            Row("Who takes you home", "Ana Ruiz, (213) 555-0187", change_url="#"),
            ("Telephone", None),
        ],
        "items": [
            TimelineItem("Consultation", "Monday, March 1, 9:00 am", state="done"),
            TimelineItem("Your questions", "about 6 minutes left", state="now", url="#", label="Go on"),
            TimelineItem("A clinician reads them", text="Usually within two working days.", state="person"),
            TimelineItem("First visit", "Friday, March 12", state="over"),
            TimelineItem("Series of visits", state="later"),
        ],
        "tabs": [Tab("Today", "#", current=True, count=4), Tab("Tomorrow", "#", count=0), Tab("All", "#")],
        "page": Paginator(range(63), 20).page(2),
        "nothing": Paginator([], 20).page(1),
    }
