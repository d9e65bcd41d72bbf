"""Sign a consent."""

from django import forms

from intake.consents import statements
from intake.models import ConsentDocument
from pacificmind.ui.forms import RequestIdMixin, form_helper


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
