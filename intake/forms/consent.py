"""Sign a consent; enter one signed on paper; publish a version."""

from collections.abc import Iterable
from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.template.loader import render_to_string

from intake.consents import Block, parts, statements
from intake.models import ConsentDocument
from intake.services.documents import LONGEST_CHANGES, LONGEST_TEXT, LONGEST_TITLE
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class _Text:
    """A piece of the document between the fields."""

    def __init__(self, block: Block) -> None:
        self.block = block

    def render(self, form: object, context: object, **kwargs: object) -> str:
        """As on the rest of the page. Its words are data: never a template."""
        return render_to_string("intake/_document.html", {"blocks": [self.block]})


class ConsentForm(RequestIdMixin):
    """A box for each statement of the document, the typed name, and the fingerprint of the text that was shown.

    The boxes stand under their own headings, so that the text is shown whole and in its order.
    """

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
        self.helper.layout = Layout("request_id", "sha256", *self._boxes(document.text), *self._ending())

    def _boxes(self, text: str) -> list[object]:
        """The document from its first statement on."""
        found: list[object] = []
        numbers = iter(range(1, len(self.statements) + 1))
        for block in parts(text)[1]:
            if block.kind == "statements":
                found += [f"agree-{next(numbers)}" for _ in block.lines]
            else:
                found.append(_Text(block))
        return found

    def _ending(self) -> list[str]:
        return [name for name in ("code", "typed_name") if name in self.fields]

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
