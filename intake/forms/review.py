"""The forms of the clinician's side: decision, withdrawal, re-evaluation, documentation of an alert."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from crispy_forms.layout import Fieldset, Layout
from django import forms

from intake.domain.decisions import (
    DEFAULT_DAYS,
    BoosterAsked,
    ConditionAsked,
    DecisionAsked,
    Problem,
    SeriesOrderAsked,
    Standing,
    check_decision,
)
from intake.forms.signing import SignedMixin
from intake.models import Clearance, Condition, Finding, SafetyAlert
from pacificmind.clinic.models import Site
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper

WHEN_CLEARING = "when-clearing"  # out of sight while another decision is chosen, and nothing in it is wrong
NEW, NONE, PLAN, NEEDED = "new", "none", "plan", "needed"
CONDITION_KINDS = [choice for choice in Condition.Kind.choices if choice[0] != Condition.Kind.OTHER]
NOTE_LENGTH, WORDS_LENGTH, REASON_LENGTH, CONDITION_LENGTH = 10_000, 2_000, 500, 200
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def add_problems(form: forms.Form, problems: Iterable[Problem]) -> None:
    """Put domain problems beside their fields; those about no field of this form on top."""
    for problem in problems:
        form.add_error(problem.field if problem.field in form.fields else None, problem.say)


def _rows(count: int) -> LongText:
    return LongText(attrs={"rows": count})


class DecisionForm(SignedMixin, RequestIdMixin, forms.Form):
    """A prescriber's decision with its terms and orders, signed with the password."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    found = forms.CharField(widget=forms.HiddenInput, required=False, max_length=16)
    decision = forms.ChoiceField(label="Decision", choices=Clearance.Decision.choices, widget=forms.RadioSelect)
    conditions = forms.MultipleChoiceField(
        label="Conditions before infusion 1",
        choices=CONDITION_KINDS,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="For Cleared with conditions.",
    )
    condition_text = forms.CharField(
        label="Other conditions", help_text="One a line.", widget=_rows(2), required=False, max_length=2_000
    )
    sites = forms.MultipleChoiceField(label="Holds at", widget=forms.CheckboxSelectMultiple, required=False)
    visit_kinds = forms.MultipleChoiceField(
        label="Holds for",
        choices=[("infusion", "Infusions"), ("booster", "Boosters")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    until_on = forms.DateField(label="Holds through", help_text="The last day counts.", widget=DATE, required=False)
    series = forms.ChoiceField(
        label="Series",
        choices=[(NEW, "Order a series"), (NONE, "No new series")],
        widget=forms.RadioSelect,
        initial=NEW,
        required=False,
    )
    infusions = forms.IntegerField(label="Infusions, 1 to 8", initial=6, required=False)
    per_week = forms.TypedChoiceField(
        label="How often",
        choices=[(2, "2 a week"), (3, "3 a week")],
        coerce=int,
        empty_value=None,
        initial=2,
        widget=forms.RadioSelect,
        required=False,
        help_text="Twice a week did as well as three times in the one trial that compared them (Singh 2016).",
    )
    booster_plan = forms.ChoiceField(
        label="Boosters after the series",
        choices=[(NONE, "No new plan"), (PLAN, "Plan boosters"), (NEEDED, "As needed: only when the patient asks")],
        widget=forms.RadioSelect,
        initial=NONE,
        required=False,
    )
    after_days = forms.IntegerField(label="Days after the last infusion", initial=21, required=False)
    window_days = forms.IntegerField(label="Days the window stays open", initial=14, required=False)
    booster_count = forms.IntegerField(label="How many boosters", initial=3, required=False)
    booster_until_on = forms.DateField(label="No booster after", widget=DATE, required=False)
    note = forms.CharField(
        label="Clinical note",
        help_text="Read by clinicians only.",
        widget=_rows(4),
        required=False,
        max_length=NOTE_LENGTH,
    )
    words = forms.CharField(
        label="Words for the patient",
        help_text="They read this in the portal. What was decided, and what happens next.",
        widget=_rows(3),
        required=False,
        max_length=WORDS_LENGTH,
    )

    def __init__(
        self,
        *args: Any,
        standing: Standing,
        sites: Sequence[Site],
        home: str,
        contraindications: Collection[Finding],
        seen: str,
        found: str = "",
        **kwargs: Any,
    ) -> None:
        """`standing`, `contraindications`, `seen` and `found` as the page shows them; `home` is the patient's site."""
        super().__init__(*args, **kwargs)
        self.standing = standing
        self._field("sites", forms.MultipleChoiceField).choices = [(site.slug, site.name) for site in sites]
        last = standing.today + timedelta(days=DEFAULT_DAYS)
        for name, value in {
            "sites": [home],
            "visit_kinds": ["infusion", "booster"],
            "until_on": last,
            "booster_until_on": last,
            "seen": seen,
            "found": found,
        }.items():
            self.fields[name].initial = value
        for finding in contraindications:
            self.fields[f"override_{finding.rule}"] = forms.CharField(
                label=f"Why you clear in spite of {finding.rule}",
                help_text=finding.reason,
                required=False,
                max_length=REASON_LENGTH,
                widget=_rows(2),
            )
        self.helper = form_helper("Sign the decision", tag=False)
        self.helper.layout = self._layout([f"override_{finding.rule}" for finding in contraindications])

    def _field(self, name: str, kind: type[forms.MultipleChoiceField]) -> forms.MultipleChoiceField:
        field = self.fields[name]
        assert isinstance(field, kind)
        return field

    def _layout(self, overrides: list[str]) -> Layout:
        reasons = [Fieldset("Listed contraindications", *overrides, css_class=WHEN_CLEARING)] if overrides else []
        return Layout(
            "request_id",
            "seen",
            "found",
            "decision",
            *reasons,
            Fieldset(
                "When you clear",
                "conditions",
                "condition_text",
                "sites",
                "visit_kinds",
                "until_on",
                css_class=WHEN_CLEARING,
            ),
            Fieldset("Order", "series", "infusions", "per_week", css_class=WHEN_CLEARING),
            Fieldset(
                "Boosters",
                "booster_plan",
                "after_days",
                "window_days",
                "booster_count",
                "booster_until_on",
                css_class=WHEN_CLEARING,
            ),
            Fieldset("In words", "note", "words"),
            *([] if self.confirmed else [Fieldset("Sign", "password")]),
        )

    def clean(self) -> dict[str, Any]:
        """All that can be said now is said at once; the service asks again under the patient's lock."""
        data = super().clean() or {}
        if not self.errors:
            add_problems(self, self._numbers(data))
        if not self.errors:
            add_problems(self, check_decision(self.asked(), self.standing))
        return data

    def _numbers(self, data: Mapping[str, Any]) -> list[Problem]:
        if data["decision"] not in (Clearance.Decision.CLEARED, Clearance.Decision.CONDITIONS):
            return []
        wanted = ["infusions", "per_week"] if data["series"] == NEW else []
        if data["booster_plan"] in (PLAN, NEEDED):
            wanted += ["after_days", "window_days", "booster_count", "booster_until_on"]
        too_long = [Problem("condition_text", "A condition has at most 200 letters.")]
        found = [Problem(name, "Please fill this in.") for name in wanted if data.get(name) is None]
        return found + (too_long if any(len(line) > CONDITION_LENGTH for line in self._others(data)) else [])

    @staticmethod
    def _others(data: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys(line.strip() for line in data["condition_text"].splitlines() if line.strip()))

    def asked(self) -> DecisionAsked:
        """The decision as the domain knows it. What belongs to a clearance is left out of any other decision."""
        data = self.cleaned_data
        plain = DecisionAsked(decision=data["decision"], note=data["note"], words=data["words"])
        if not plain.clears:
            return plain
        kinds = [ConditionAsked(kind) for kind in data["conditions"]]
        others = [ConditionAsked(Condition.Kind.OTHER, line) for line in self._others(data)]
        return replace(
            plain,
            conditions=(*kinds, *others),
            sites=frozenset(data["sites"]),
            visit_kinds=frozenset(data["visit_kinds"]),
            until_on=data["until_on"],
            overrides={rule: data.get(f"override_{rule}", "") for rule in self.standing.contraindications},
            order=SeriesOrderAsked(data["infusions"], data["per_week"]) if data["series"] == NEW else None,
            booster=self._booster(data) if data["booster_plan"] in (PLAN, NEEDED) else None,
        )

    @staticmethod
    def _booster(data: Mapping[str, Any]) -> BoosterAsked:
        return BoosterAsked(
            until_on=data["booster_until_on"],
            after_days=data["after_days"],
            window_days=data["window_days"],
            count=data["booster_count"],
            as_needed=data["booster_plan"] == NEEDED,
        )


class WithdrawForm(SignedMixin, RequestIdMixin, forms.Form):
    """Take a clearance back."""

    why = forms.CharField(
        label="Why do you withdraw it?", help_text="Clinicians read this.", max_length=300, widget=_rows(3)
    )
    helper = form_helper("", tag=False)


class ReevaluationForm(SignedMixin, RequestIdMixin, forms.Form):
    """What a prescriber found before a booster."""

    supports_booster = forms.TypedChoiceField(
        label="Having looked at the patient again",
        choices=[("yes", "A booster is supported"), ("no", "No booster for now")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label="Note", required=False, max_length=NOTE_LENGTH, widget=_rows(3))
    helper = form_helper("Record the re-evaluation", tag=False)


class AlertForm(RequestIdMixin, forms.Form):
    """What has to be on record before a safety alert can be closed."""

    tool = forms.CharField(
        label="Assessment used", help_text="For example C-SSRS, SAFE-T, BSSA, or a conversation.", max_length=80
    )
    level = forms.ChoiceField(label="Level you found", choices=SafetyAlert.Level.choices, widget=forms.RadioSelect)
    plan = forms.CharField(
        label="Plan",
        help_text="What lowers the risk now: means made safe, medicine, who is told, when you speak again.",
        widget=_rows(5),
        max_length=NOTE_LENGTH,
    )
    safety_plan = forms.ChoiceField(
        label="Safety plan",
        choices=[one for one in SafetyAlert.Plan.choices if one[0] != SafetyAlert.Plan.IN_PLAN],
        widget=forms.RadioSelect,
    )
    disposition = forms.CharField(
        label="What happens with the patient now", help_text="For example: at home with their sister.", max_length=300
    )
    follow_up_on = forms.DateField(
        label="Follow-up on", help_text="24 to 72 hours from now: a task opens for that day.", widget=DATE
    )
    helper = form_helper("", tag=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["follow_up_on"].initial = today + timedelta(days=1)


class SettleForm(SignedMixin, RequestIdMixin, forms.Form):
    """Why a decision still holds although something was found since."""

    rules = forms.CharField(widget=forms.HiddenInput, max_length=200)
    why = forms.CharField(
        label="Why does it still hold?",
        help_text="Clinicians read this. It is kept with your name.",
        max_length=500,
        widget=_rows(3),
    )
    helper = form_helper("", tag=False)
