"""Sign a consent; enter one signed on paper; publish a version."""

from collections.abc import Iterable
from typing import Any

from django import forms

from intake.consents import statements
from intake.models import ConsentDocument
from intake.services.documents import LONGEST_CHANGES, LONGEST_TEXT, LONGEST_TITLE
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class ConsentForm(RequestIdMixin):
    """A box for each statement of the document, the typed name, and the fingerprint of the text that was shown."""

    use_required_attribute = False
    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, document: ConsentDocument, data: object = None) -> None:
        super().__init__(data, initial={"sha256": document.sha256})  # type: ignore[arg-type]
        self.statements = statements(document.text)
        for number, statement in enumerate(self.statements, 1):
            self.fields[f"agree-{number}"] = forms.BooleanField(
                label=statement, error_messages={"required": "Please tick this, or talk with us about it first."}
            )
        if document.kind == ConsentDocument.Kind.ELECTRONIC:
            self.fields["code"] = forms.CharField(
                label="The code at the end of the text",
                help_text="Six letters and digits. Typing them shows us that you can read documents on this device.",
                max_length=20,
                widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
            )
        self.fields["typed_name"] = forms.CharField(
            label="Type your full name to sign",
            help_text="Your typed name counts as your signature.",
            max_length=160,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
        )
        self.helper = form_helper("Sign this document")

    @property
    def agreed(self) -> list[str]:
        """The statements that were ticked, in their words."""
        return [words for n, words in enumerate(self.statements, 1) if self.cleaned_data.get(f"agree-{n}")]


class PaperForm(RequestIdMixin, forms.Form):
    """A document that was signed on paper, entered by staff."""

    document = forms.TypedChoiceField(label="Which document and version", coerce=int, widget=forms.RadioSelect)
    signed_on = forms.DateField(
        label="Day of the signature",
        help_text="As it stands on the paper.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    signed_name = forms.CharField(label="Name under the document", max_length=160)
    seen = forms.BooleanField(
        label="I have the signed paper before me, and it is kept at the clinic.",
        error_messages={"required": "Please tick this only with the paper before you."},
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, documents: Iterable[ConsentDocument], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["document"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [(row.pk, f"{row.title}, version {row.version}") for row in documents]


class TakenBackForm(RequestIdMixin, forms.Form):
    """A patient told staff that they take a signature back."""

    why = forms.CharField(
        label="How did the patient take it back?",
        max_length=300,
        help_text="For example: by telephone today. Nothing clinical.",
    )
    helper = form_helper("", tag=False)


class DocumentForm(RequestIdMixin, forms.Form):
    """A new version of a document."""

    after = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    title = forms.CharField(label="Title", max_length=LONGEST_TITLE)
    text = forms.CharField(
        label="Text",
        max_length=LONGEST_TEXT,
        help_text='A line that begins with "# " is a heading, with "- " a point of a list, with "[ ] " a statement to'
        " tick. An empty line parts paragraphs.",
        widget=LongText(attrs={"rows": 24}),
    )
    changes = forms.CharField(
        label="What changed, for patients who signed before",
        required=False,
        max_length=LONGEST_CHANGES,
        help_text="One or two plain sentences. They stand above the text.",
        widget=LongText(attrs={"rows": 3}),
    )
    helper = form_helper("", tag=False)
