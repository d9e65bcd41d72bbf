"""A question to a patient, and the answer."""

from django import forms

from intake.services.questions import LONGEST_ANSWER, LONGEST_QUESTION
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class AskForm(RequestIdMixin, forms.Form):
    """Ask a patient for more."""

    text = forms.CharField(
        label="Your question",
        max_length=LONGEST_QUESTION,
        help_text="The patient reads it in the portal, as you write it. The mail only says that something waits.",
        widget=LongText(attrs={"rows": 3}),
    )
    helper = form_helper("", tag=False)


class AnswerForm(RequestIdMixin, forms.Form):
    """Write back."""

    answer = forms.CharField(
        label="Your answer",
        max_length=LONGEST_ANSWER,
        help_text="Write as much or as little as you like. Only clinicians read it.",
        widget=LongText(attrs={"rows": 6}),
        error_messages={"required": "Please write your answer, or call us."},
    )
    helper = form_helper("", tag=False)
