"""A page that was made for another account than the one signed in: nothing is stored, what needs a person is told.

Two people share a browser, and one signed in while a page of the other's was still open in another tab.
"""

from dataclasses import dataclass

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from intake.domain.library import crisis_words, instrument
from intake.models import SafetyAlert
from intake.services.safety import hear_somebody
from intake.views import failsafe
from intake.views.typed import made_for, signed_in_patient

log = structlog.get_logger(__name__)
HIDDEN = frozenset({"csrfmiddlewaretoken", "whose", "page", "step", "seen", "do", "sitting", "number"})
ITEM9 = 9


@dataclass(frozen=True, slots=True)
class Said:
    """What needs a person: how urgent it is, and what was said in words that a clinician understands by themselves."""

    words: str
    tier: str = SafetyAlert.Tier.URGENT_1


def not_yours(request: HttpRequest) -> HttpResponse:
    """The answer to such a page. Where what needs a person could not be told, it says that nobody knows."""
    try:
        said = hear(request)
    except Exception as problem:
        if not failsafe.needs_help_now(request):
            raise
        log.error("page of another account not told", problem=type(problem).__name__)
        return failsafe.crisis_unsaved(request, carry=False)
    return render(request, "intake/not_yours.html", {"crisis": said}, status=409)


def hear(request: HttpRequest) -> bool:
    """Alert clinicians to what needs a person on a page of another account; whether there was anything."""
    said = _answered(request) or _written(request)
    if said is None:
        return False
    by, patient = signed_in_patient(request)
    hear_somebody(by=by, signed_in=patient, opened_by=made_for(request), words=said.words, tier=said.tier)
    return True


def _answered(request: HttpRequest) -> Said | None:
    """An answer above "not at all" to item 9, or a Yes to the suicide screen, with its question."""
    if not failsafe.answers_danger(request):
        return None
    if failsafe.is_item9(request):
        item = instrument("PHQ-9").scored_items[ITEM9 - 1]
        given = request.POST.get(failsafe.ANSWER, "").strip()
        answer = next(option.text for option in item.options if str(option.value) == given)
        return Said(f"{item.text}: {answer} ({given})")
    asked = {str(item.number): item.text for item in instrument("ASQ").items}
    question = asked.get(request.POST.get("number", ""), "A question of the suicide screen")
    # Nobody goes on to the question about now, as after a screen that is left in the middle (CLINICAL 4.1).
    written = request.POST.get("words", "").strip()
    return Said(f"{question} Yes. {written}".strip(), SafetyAlert.Tier.URGENT_2)


def _written(request: HttpRequest) -> Said | None:
    """Words of crisis, wherever they stand on it."""
    texts = [text for name, written in request.POST.lists() if name not in HIDDEN for text in written]
    found = " / ".join(text.strip() for text in texts if crisis_words(text))
    return Said(found) if found else None
