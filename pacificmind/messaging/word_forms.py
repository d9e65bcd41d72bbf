"""The form in which a manager words a message: what is wrong stands beside the part it is in."""

from typing import Any

from django import forms

from pacificmind.messaging import gsm, samples
from pacificmind.messaging.catalogue import Script
from pacificmind.messaging.kinds import KINDS
from pacificmind.messaging.proofing import LONGEST_MAIL, LONGEST_SMS, LONGEST_SUBJECT, problems
from pacificmind.messaging.written import Around, Writer
from pacificmind.ui.forms import LongText, RequestIdMixin, form_helper


class WordsForm(RequestIdMixin, forms.Form):
    """The parts that this kind of message has, and the version they were written from."""

    subject = forms.CharField(max_length=LONGEST_SUBJECT)
    mail = forms.CharField(
        label="Words of the mail",
        max_length=LONGEST_MAIL,
        widget=LongText(attrs={"rows": 14}),
        help_text="An empty line begins a new paragraph. The greeting and the lines below are always added.",
    )
    sms = forms.CharField(label="Text message", max_length=LONGEST_SMS, widget=LongText(attrs={"rows": 4}))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    helper = form_helper("", tag=False)

    def __init__(self, present: Script, around: Around, data: Any = None) -> None:
        self.present, self.around = present, around
        told = {"subject": present.subject, "mail": present.mail, "sms": present.sms}
        super().__init__(data, initial=told)
        kind = KINDS[present.key]
        gone = [] if kind.mail is not None else ["subject", "mail"]
        for name in gone + ([] if kind.sms is not None else ["sms"]):
            del self.fields[name]
        for name in ("subject", "mail", "sms"):
            if name in self.fields:
                self.fields[name].widget.attrs["lang"] = present.language

    def script(self) -> Script:
        """The words as they stand in the form, also where something is wrong with them: they are to be looked at."""
        told = self.data if self.is_bound else self.initial
        return Script(
            key=self.present.key,
            language=self.present.language,
            subject=(told.get("subject") or "").strip(),
            mail=(told.get("mail") or "").replace("\r\n", "\n").strip(),
            sms=" ".join((told.get("sms") or "").split()),
            link=self.present.link,
        )

    def clean(self) -> dict[str, Any]:
        """Nothing that must not leave, and a text that is not too long."""
        told: dict[str, Any] = super().clean() or {}
        script = self.script()
        for name, wrong in problems(script).items():
            if name in self.fields and name not in self.errors:
                for one in wrong:
                    self.add_error(name, one)
        if "sms" in self.fields and "sms" not in self.errors:
            plan = gsm.plan(Writer(script, samples.values(script.key), self.around).inline(script.sms))
            if plan.parts > gsm.MOST_WRITTEN:
                why = "" if plan.gsm else " A letter outside the plain alphabet makes each part 70 characters short."
                self.add_error(
                    "sms", f"This text would go in {plan.parts} parts: no more than {gsm.MOST_WRITTEN}.{why}"
                )
        return told
