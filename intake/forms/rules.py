"""The form of a change of the clinic's rules, and of its signature."""

import re
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms

from intake.domain import library
from intake.domain.policy import Limit, Policy
from intake.domain.reading import DataError
from intake.domain.trials import checked_doses
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper

WORDING = re.compile(r"\s*(D\d{2}[a-z]?)\s*:\s*(\S.*?)\s*")
DOSE = re.compile(r"\s*([^:]{2,60}?)\s*:\s*(\d{1,4}(?:\.\d{1,2})?)\s*(?:mg)?\s*")
GROUPS = (
    ("Questionnaires", ("phq9_", "gad7_", "pcptsd5_", "pcl5_", "mdq_", "rms_")),
    ("Alcohol and drugs", ("audit_c_", "sisq_")),
    ("Blood pressure", ("bp_",)),
    ("Age and weight", ("adult_", "older_", "bmi_", "weight_")),
    ("Earlier treatments", ("adequate_", "uncertain_", "trial_", "ketamine_")),
    ("In a series", ("first_", "second_", "gain_", "worse_")),
)


class RulesForm(RequestIdMixin, forms.Form):
    """All that this clinic has otherwise than shipped: numbers, rules that are off, words of its own."""

    off = forms.MultipleChoiceField(
        label="Rules that are off",
        help_text="Rules of the safety pathway are not in this list: they are always on.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    words = forms.CharField(
        label="Words of your own",
        help_text="One rule a line, as: D61: Older adult, see our falls leaflet. Numbers in braces are filled in.",
        widget=LongText(attrs={"rows": 4}),
        required=False,
        max_length=20_000,
    )
    doses = forms.CharField(
        label="Least doses of your own",
        help_text="For an adequate antidepressant trial. One medicine a line, in mg a day, as: venlafaxine: 150. Those"
        " shipped stand on the page of the rules; published lists differ.",
        widget=LongText(attrs={"rows": 4}),
        required=False,
        max_length=10_000,
    )
    why = forms.CharField(
        label="Why", help_text="Whoever signs reads it.", max_length=500, widget=LongText(attrs={"rows": 2})
    )
    from_on = forms.DateField(
        label="In effect from",
        help_text="Leave it empty for as soon as it is signed.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = {name: limit for name, limit in library.policy().limits.items() if not limit.fixed}
        for name, limit in self.limits.items():
            self.fields[name] = _number(limit, getattr(policy.thresholds, name))
        loose = [(rule.id, f"{rule.id}: {policy.reason(rule)}") for rule in policy.rules.values() if not rule.locked]
        choices = self.fields["off"]
        assert isinstance(choices, forms.MultipleChoiceField)
        choices.choices = loose
        self.initial.setdefault("off", [rule.id for rule in policy.rules.values() if not rule.on])
        shipped = library.policy().rules
        own = [f"{rule.id}: {rule.reason}" for rule in policy.rules.values() if rule.reason != shipped[rule.id].reason]
        self.initial.setdefault("words", "\n".join(own))
        doses = "\n".join(f"{name}: {mg:g}" for name, mg in policy.doses.items())
        self.initial.setdefault("doses", doses)
        self.order_fields(
            [*self.limits, "doses", "off", "words", "why", "from_on"]
        )  # errors are summed up in the page's order
        self.helper = form_helper("", tag=False)
        self.helper.layout = Layout(
            *(Fieldset(title, *(n for n in self.limits if n.startswith(starts))) for title, starts in GROUPS),
            Fieldset("Antidepressant trials", "doses"),
            Fieldset("Rules", "off", "words"),
            Fieldset("This change", "why", "from_on", "request_id"),
        )

    def clean_words(self) -> dict[str, str]:
        """Rule to words. A line that names no rule is refused, not dropped."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["words"].splitlines():
            if not line.strip():
                continue
            match = WORDING.fullmatch(line)
            if match is None or match[1] not in library.policy().rules:
                raise forms.ValidationError("Begin each line with a rule, a colon, then the words: D61: Older adult.")
            if match[1] in found:
                raise forms.ValidationError(f"{match[1]} is there twice: write its words in one line.")
            found[match[1]] = match[2]
        return found

    def clean_doses(self) -> dict[str, float]:
        """Medicine to mg a day. A line that names none of the list, or no dose that can be meant, is refused."""
        found: dict[str, float] = {}
        for line in self.cleaned_data["doses"].splitlines():
            if not line.strip():
                continue
            match = DOSE.fullmatch(line)
            if match is None or match[1] in found:
                raise forms.ValidationError("Write each medicine once, a colon, then mg a day: venlafaxine: 150.")
            found[match[1]] = float(match[2])
        try:
            return checked_doses(found, library.dose_table())
        except DataError as problem:
            said = str(problem)
            raise forms.ValidationError(f"{said[:1].upper()}{said[1:]}.") from problem

    def thresholds(self) -> dict[str, float]:
        """The numbers as filled in; whole ones as integers."""
        values = {name: self.cleaned_data[name] for name in self.limits}
        return {name: int(value) if value == int(value) else float(value) for name, value in values.items()}


def _number(limit: Limit, value: float) -> forms.FloatField:
    return forms.FloatField(
        label=f"{limit.says} ({limit.unit})",
        help_text=f"Shipped: {limit.value:g}, from {limit.low:g} to {limit.high:g}. Source: {limit.source}.",
        min_value=limit.low,
        max_value=limit.high,
        initial=f"{value:g}",
        widget=forms.NumberInput(attrs={"step": f"{limit.step:g}", "inputmode": "decimal"}),
    )


class SignRulesForm(forms.Form):
    """A prescriber's signature under a proposal."""

    password = forms.CharField(
        label="Your password, to sign",
        strip=False,
        max_length=1_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    helper = form_helper("Sign this change")
