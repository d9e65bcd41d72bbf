"""Forms of the patient's pages."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from phonenumber_field.formfields import PhoneNumberField

from intake.forms.requests import BirthDateField, SiteField, name_field
from intake.services.own_record import EMAIL_WORDING, SMS_WORDING, About, Channels
from pacificmind.messaging.kinds import CHECK_INS, FRIENDLY, NEXT_VISITS
from pacificmind.ui.forms import RequestIdMixin, form_helper

STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,DC District of "
    "Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,"
    "LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,"
    "NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,"
    "OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,PR Puerto Rico,RI Rhode Island,SC South Carolina,SD South Dakota,"
    "TN Tennessee,TX Texas,UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming,"
    "XX Somewhere else"
)
STATE_CHOICES = [("", "Choose a state"), *((one[:2], one[3:]) for one in STATES.split(","))]
LANGUAGES = (("en", "English"), ("es", "Español"))


def phone_field(label: str = "Telephone", **extra: Any) -> PhoneNumberField:
    """A telephone number, drawn for a phone's keyboard."""
    widget = forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"})
    return PhoneNumberField(label=label, widget=widget, **extra)


class ChannelsMixin(forms.Form):
    """Consent to be written to, channel by channel, in the exact words that are kept."""

    by_email = forms.BooleanField(label=EMAIL_WORDING, required=False)
    by_sms = forms.BooleanField(label=SMS_WORDING, required=False)

    def channels(self, address: str | None) -> Channels:
        """What they ticked, with the network address it came from."""
        told = self.cleaned_data
        return Channels(email=told["by_email"], sms=told["by_sms"], address=address)


class AboutForm(RequestIdMixin, ChannelsMixin):
    """Who somebody is, to open their record."""

    given_name = name_field("First name", "given-name", help_text="As on your ID.")
    family_name = name_field("Last name", "family-name", help_text="As on your ID.")
    preferred_name = name_field("Name you go by", "nickname", required=False)
    birth_on = BirthDateField()
    phone = phone_field(help_text="We call you here when something about a visit changes.")
    site = SiteField(label="Which clinic suits you?", help_text="You can choose the other one for a visit later.")
    language = forms.ChoiceField(
        label="The language you would rather read", choices=LANGUAGES, initial="en", widget=forms.RadioSelect
    )
    field_order = (
        "given_name", "family_name", "preferred_name", "birth_on", "phone", "site", "language", "by_email", "by_sms"
    )  # fmt: skip
    helper = form_helper("Save and go on")

    def about(self) -> About:
        """What the service keeps."""
        told = self.cleaned_data
        plain = ("given_name", "family_name", "preferred_name", "birth_on", "language")
        return About(phone=str(told["phone"]), site_id=told["site"].pk, **{name: told[name] for name in plain})


class ContactForm(RequestIdMixin, ChannelsMixin):
    """How the clinic reaches a patient."""

    phone = phone_field()
    language = forms.ChoiceField(
        label="The language you would rather read", choices=LANGUAGES, widget=forms.RadioSelect
    )
    check_ins = forms.BooleanField(label="Also ask me by e-mail how I have been after a visit", required=False)
    next_visits = forms.BooleanField(label="Also remind me by e-mail when a next visit may be due", required=False)
    friendly_notes = forms.BooleanField(label="Also say hello to me by e-mail now and then", required=False)
    field_order = ("phone", "language", "by_email", "by_sms", "check_ins", "next_visits", "friendly_notes")
    helper = form_helper("Save how you reach me")

    def topics(self) -> dict[str, bool]:
        """Which sorts of mail they want."""
        told = self.cleaned_data
        return {
            CHECK_INS: told["check_ins"],
            NEXT_VISITS: told["next_visits"],
            FRIENDLY: told["friendly_notes"],
        }


class BookForm(RequestIdMixin, forms.Form):
    """Book the time that stands above the button."""

    helper: FormHelper


class VideoBookForm(BookForm):
    """A video visit needs to know where the patient is, and a telephone to fall back on."""

    state = forms.ChoiceField(
        label="Where will you be at that time?",
        choices=STATE_CHOICES,
        help_text="Our clinicians may see you by video only while you are in California.",
    )
    phone = phone_field("Telephone to fall back on", help_text="If the picture or the sound fails, we call you here.")


class VideoMoveForm(BookForm):
    """Where the patient will be at the new time."""

    state = VideoBookForm.base_fields["state"]


class MoveForm(RequestIdMixin, forms.Form):
    """Move a visit as it was seen."""

    helper: FormHelper
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class VideoVisitMoveForm(MoveForm, VideoMoveForm):
    """Move a video visit."""


class CancelForm(MoveForm):
    """Cancel a visit as it was seen, saying why if they like."""

    why = forms.CharField(label="Would you like to tell us why?", required=False, max_length=180)
    helper = form_helper("", tag=False)


class EscortForm(RequestIdMixin, forms.Form):
    """The adult who takes a patient home."""

    name = forms.CharField(label="Their name", max_length=120)
    phone = phone_field("Their telephone", help_text="We call them only about bringing you home.")
    helper = form_helper("Save who takes me home")


class FeedForm(RequestIdMixin, forms.Form):
    """Make a private calendar address from the token that waits in the form."""

    offer = forms.CharField(widget=forms.HiddenInput, max_length=200)
    helper = form_helper("", tag=False)
