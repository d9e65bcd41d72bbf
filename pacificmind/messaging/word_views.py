"""A manager reads and changes the words of messages: every kind, in each language, with a preview and its versions."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.idempotency.services import RequestReused
from pacificmind.messaging import compose, gsm, hypertext, queries, samples, wording
from pacificmind.messaging.catalogue import LANGUAGES, Script, shipped
from pacificmind.messaging.kinds import BLOCKS, KINDS, Kind
from pacificmind.messaging.proofing import allowed, problems, required
from pacificmind.messaging.word_forms import WordsForm
from pacificmind.messaging.written import Around, Writer
from pacificmind.ui.context import current
from pacificmind.ui.forms import RequestIdForm
from pacificmind.ui.parts import part

_MEANS = {
    "name": "the first name, or the name they go by",
    "clinic": "the clinic's name",
    "phone": "the clinic's telephone",
    "visits": "the list of visits, each with time and place",
    "prepare": "what to arrange before a treatment; nothing for other visits",
    "questions": "the link to the questions before a visit, where there are some",
    "link": "the link into the portal",
    "url": "the link itself",
    "days": "today, tomorrow, in 3 days",
    "when": "day and time of the visit",
    "confirm": "how to confirm, where they have not yet",
    "stop": "how to end texts",
    "until": "until when it holds",
    "hours": "hours within which we answer",
    "how": "how we get in touch",
    "site": "the name of the site",
    "address": "the address of the site",
}  # fmt: skip
_NEWER = (
    "Somebody saved other words meanwhile: they stand below, under Versions. Yours are still here. Look at both; if "
    "yours are to hold, save once more."
)
_VERSIONS = 20  # shown at first
_PARTS = {"subject": "Subject", "mail": "Mail", "sms": "Text message"}


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as a made-up patient would get it. `sms` is how the text travels."""

    subject: str
    body: SafeString
    plain: str
    sms: gsm.Plan | None


@dataclass(frozen=True, slots=True)
class Hole:
    """A placeholder in words."""

    name: str
    means: str
    must: bool
    alone: bool


@require_safe
@page("manager")
def words(request: SignedInRequest) -> HttpResponse:
    """Every kind of message, and whose words hold in each language."""
    record(Action.VIEW, "manage-words", by=request.user)
    own = wording.own_words()
    rows = [
        (kind, [(code, name, own.get((kind.key, code))) for code, name in LANGUAGES.items()]) for kind in KINDS.values()
    ]
    return render(request, "ledger/words.html", {"rows": rows})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@page("manager")
def words_of(request: SignedInRequest, key: str, language: str) -> HttpResponse:
    """The words of one message in one language: look at them, change them, go back to older ones."""
    kind = _known(key, language)
    if request.method == "POST":
        return _written(request, kind, language)
    record(Action.VIEW, "manage-words-of", by=request.user, changes={"key": key, "language": language})
    script = _present(key, language)
    return _show(request, WordsForm(script, _around()), script)


def _written(request: SignedInRequest, kind: Kind, language: str) -> HttpResponse:
    form = WordsForm(_present(kind.key, language), _around(), request.POST)
    if not form.is_valid() or "save" not in request.POST:
        return _show(request, form, form.script())
    told = form.cleaned_data
    try:
        version = wording.keep(form.script(), by=request.user, after=told["version"], request_id=told["request_id"])
    except wording.NewerWords:
        form.add_error(None, _NEWER)
        return _show(request, form, form.script(), seen_newest=True)
    except RequestReused as error:
        form.add_error(None, error.say)
        return _show(request, form, form.script())
    messages.success(request, f"Saved as version {version}. What leaves from now on has these words.")
    return redirect("manage-words-of", kind.key, language)


@require_POST
@page("manager")
def words_return(request: SignedInRequest, key: str, language: str) -> HttpResponse:
    """Go back to an older version, or to the software's words: a new version that says the same."""
    _known(key, language)
    form = RequestIdForm(request.POST)
    chosen = request.POST.get("to", "")
    row = wording.versions(key, language).filter(version=int(chosen) if chosen.isdecimal() and len(chosen) < 9 else -1)
    older = row.first()
    if not form.is_valid() or (older is None and chosen != "0"):
        messages.error(request, "This page was incomplete. Nothing was changed: please press the button once more.")
        return redirect("manage-words-of", key, language)
    script = wording.script_of(older) if older is not None else shipped(key, language)
    if problems(script):
        messages.error(request, "These words do not fit any more. Nothing was changed: please write them anew.")
        return redirect("manage-words-of", key, language)
    try:
        version = wording.keep(
            script,
            by=request.user,
            after=wording.newest(key, language),
            shipped_again=script.version == 0,
            request_id=form.cleaned_data["request_id"],
        )
    except (wording.NewerWords, RequestReused):
        messages.error(request, "Somebody saved other words meanwhile. Nothing was changed: please look again.")
    else:
        messages.success(request, f"Saved as version {version}. What leaves from now on has these words.")
    return redirect("manage-words-of", key, language)


def _known(key: str, language: str) -> Kind:
    if key not in KINDS or language not in LANGUAGES:
        raise Http404
    return KINDS[key]


def _present(key: str, language: str) -> Script:
    return wording.script(key, language, wording.own_words())


def _around() -> Around:
    clinic = current()
    return Around(samples.NAME, clinic.name, clinic.phone, clinic.hours, settings.BASE_URL.rstrip("/"))


def _show(request: SignedInRequest, form: WordsForm, script: Script, *, seen_newest: bool = False) -> HttpResponse:
    """`seen_newest`: they were just told of newer words, and may save over them with the next press."""
    key, language = script.key, script.language
    kind, newest = KINDS[key], wording.newest(key, language)
    parts = [name for name in _PARTS if name in form.fields]
    versions = part(wording.versions(key, language), None if "all" in request.GET else _VERSIONS)
    if not form.is_bound:
        form.initial["version"] = newest
    elif seen_newest:
        form.data = {**dict(form.data.items()), "version": str(newest)}
    context = {
        "kind": kind,
        "language": language,
        "language_name": LANGUAGES[language],
        "others": [(code, name) for code, name in LANGUAGES.items() if code != language],
        "form": form,
        "holes": [(_PARTS[name], _holes(kind, name)) for name in parts],
        "preview": _preview(form, script),
        "present": _present(key, language),
        "versions": [(row, RequestIdForm(auto_id=False)) for row in versions],
        "of_versions": versions,
        "back": RequestIdForm(auto_id=False),
        "zone": queries.ZONE,
        "most_parts": gsm.MOST_WRITTEN,
    }
    return render(request, "ledger/words_of.html", context)


def _holes(kind: Kind, part: str) -> list[Hole]:
    must = required(kind, part)
    return [
        Hole(name, _MEANS.get(name, ""), name in must, part == "mail" and name in BLOCKS)
        for name in allowed(kind, part)
    ]


def _preview(form: WordsForm, script: Script) -> Preview | None:
    """The words as they would leave; None while something in them is not understood."""
    by = Writer(script, samples.values(script.key), form.around)
    try:
        subject, parts = by.subject(), by.parts()
        text = by.inline(script.sms) if by.kind.sms is not None else ""
    except KeyError:
        return None
    stop = f"{form.around.base}/mail/stop/…/" if by.kind.topic else ""
    mailed = by.kind.mail is not None
    return Preview(
        subject=subject,
        body=hypertext.body(by, parts, stop) if mailed else SafeString(),
        plain=compose.plain(by, parts, stop) if mailed else "",
        sms=gsm.plan(text) if by.kind.sms is not None else None,
    )
