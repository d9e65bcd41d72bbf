"""Every kind of message to patients: its channels and what is filled into its words. Pure.

The words themselves are data (data/words.*.toml); a manager's own take their place version by version (wording.py).
"""

from dataclasses import dataclass

CHECK_INS, NEXT_VISITS, FRIENDLY = "check-ins", "next-visits", "friendly-notes"
TOPICS = {
    CHECK_INS: "questions about how you have been",
    NEXT_VISITS: "reminders of a next visit",
    FRIENDLY: "short notes that say hello",
}
BLOCKS = frozenset({"visits", "questions", "link"})  # each is a paragraph of its own in a mail
EVERYWHERE = frozenset({"name", "clinic", "phone"})
MAY_BE_EMPTY = frozenset({"prepare", "questions", "confirm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind. `mail` and `sms`: what its words must hold; None where it does not go that way.

    `subject`: what a subject may hold; never a name. `optional`: what else words may hold. `topic`: the list it belongs
    to, for those that a patient can end by a link. `sign_in`: its link leads behind the sign-in.
    """

    key: str
    label: str
    when: str
    mail: frozenset[str] | None = None
    sms: frozenset[str] | None = None
    subject: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    topic: str = ""
    sign_in: bool = True


def _mail(
    key: str,
    label: str,
    when: str,
    needs: str = "link",
    *,
    subject: str = "",
    optional: str = "",
    sms: str = "",
    topic: str = "",
    sign_in: bool = True,
) -> Kind:
    return Kind(
        key=key,
        label=label,
        when=when,
        mail=frozenset(needs.split()),
        sms=frozenset(sms.split()) if sms else None,
        subject=frozenset(subject.split()),
        optional=frozenset(optional.split()),
        topic=topic,
        sign_in=sign_in,
    )


def _text(key: str, label: str, when: str, needs: str) -> Kind:
    return Kind(key=key, label=label, when=when, sms=frozenset(needs.split()))


_VISIT = "visits prepare questions link"
_ALL = (
    _mail("request-received", "Request received", "when somebody asks for a consultation", "hours link",
          optional="how", sign_in=False),
    _mail("claim", "Invitation to the portal", "when the front desk invites a patient", "until link"),
    _mail("unfinished", "Unfinished answers", "when questions were begun and wait"),
    _mail("question-asked", "Something to answer in the portal", "when a clinician asks for more"),
    _mail("decision-ready", "News about a decision", "when a clinician has decided"),
    _mail("document-to-sign", "A document to read and sign", "when a document has a new version"),
    _mail("letter-waits", "Message in the portal", "when something was written to the portal"),
    _mail("visit-booked", "Visit booked", "when one visit is booked", _VISIT),
    _mail("visit-moved", "Visit moved", "when one visit has another time", _VISIT),
    _mail("visit-stays", "Visit stays at its time", "when somebody else will be there, at the same time", _VISIT),
    _mail("visit-held", "Visit not confirmed yet", "when a booked visit waits for a clinician, at the same time",
          "visits link"),
    _mail("visits-held", "Several visits not confirmed yet", "when booked visits of a plan wait for a clinician",
          "visits link"),
    _mail("visit-cancelled", "Visit cancelled", "when one visit is cancelled", "visits link"),
    _mail("visit-reminder", "Reminder of a visit", "days before a visit, as the settings say", _VISIT,
          subject="days", optional="days", sms="when confirm stop"),
    _mail("series-booked", "Several visits booked", "when a plan of visits is booked", "visits link",
          optional="site address"),
    _mail("series-cleared", "Planned visits taken out", "when all coming visits of a plan were taken out"),
    _mail("visit-changed", "One visit changed with others", "when a repair changed one visit", "visits prepare link"),
    _mail("visits-changed", "Several visits changed", "when a repair changed several visits", "visits prepare link"),
    _mail("visit-added", "One visit added", "when a repair added one visit", "visits prepare link"),
    _mail("visits-added", "Several visits added", "when a repair added several visits", "visits prepare link"),
    _mail("visits-stay", "Several visits stay", "when a repair left several visits at their times",
          "visits prepare link"),
    _mail("earlier-time", "Earlier time offered", "when a place is held for somebody who waits", "until link",
          sms="until url stop", sign_in=False),
    _mail("papers", "Something to sign", "when a signature is missing before a visit"),
    _mail("missing", "Something is missing before a visit", "when something agreed on is not there yet"),
    _mail("check-in", "Check-in", "on the days after a visit, as the settings say", topic=CHECK_INS, sign_in=False),
    _mail("talk-with-us", "We would like to talk", "when a clinician would like to talk about answers"),
    _mail("booster-due", "Reminder of a next visit", "when the window of a plan opens", topic=NEXT_VISITS),
    _mail("booster-again", "Second reminder of a next visit", "when half of that window has passed",
          topic=NEXT_VISITS),
    _mail("friendly-note", "A friendly note", "on days that the settings say", "",
          topic=FRIENDLY, sign_in=False),
    _mail("next-visit-ready", "A next visit can be booked", "when a clinician has looked again and agrees"),
    _text("text-stopped", "Texts ended, as they asked", "when somebody texts STOP", "clinic phone"),
    _text("text-started", "Texts started again", "when somebody texts START", "clinic phone stop"),
    _text("text-help", "Answer to HELP", "when somebody texts HELP", "clinic phone stop"),
    _text("text-confirmed", "Answer to a confirmation", "when somebody texts C", "clinic stop"),
    _text("text-unread", "Answer to a text: please call", "when somebody texts anything else", "clinic phone stop"),
)  # fmt: skip
KINDS = {kind.key: kind for kind in _ALL}
_OTHER_NAMES = {
    "claim-invitation": "claim",
    "unfinished-answers": "unfinished",
    "papers-open": "papers",
    "papers-open-again": "papers",
    "something-missing": "missing",
}  # purposes of the ledger whose words are found under another key


def of_purpose(name: str) -> Kind | None:
    """The kind that a purpose of the ledger is of; None for what goes to staff."""
    key = "visit-reminder" if name.startswith("visit-reminder-") else _OTHER_NAMES.get(name, name)
    return KINDS.get(key)
