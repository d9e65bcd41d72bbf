"""Save a part of the intake while it is typed: the same form and service as its buttons, answered in JSON."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from intake.facts import values_of
from intake.forms.intake import ELSEWHERE, NO_ANSWER, SectionForm
from intake.models import Patient
from intake.queries import intake as reading
from intake.sections import Section, worded
from intake.services import answers as saving
from intake.services import versions
from intake.views import anothers
from intake.views.intake import for_patient
from intake.views.typed import (
    in_words_of,
    is_theirs,
    known_section,
    saved_words,
    unread_crisis,
    words_of_crisis,
)
from pacificmind.accounts.access import SignedInRequest

NOT_YOURS, SENT = "not-yours", "sent"


@require_POST
@for_patient
def autosave(request: SignedInRequest, patient: Patient, slug: str) -> HttpResponseBase:
    """Store what is valid of this page so far, and say when; what is not valid yet waits without a word.

    200: `saved` (words, empty where nothing new was), `seen` (what the page shows now), `elsewhere` (questions that
    another window answered otherwise), `help` (address of the crisis page) or null. 409: `why` it is not stored.
    """
    asked = known_section(slug)
    if asked.alone:
        return JsonResponse({"why": "alone"}, status=400)
    if not is_theirs(request, patient):
        if anothers.hear(request):
            return JsonResponse({"saved": "", "seen": {}, "elsewhere": [], "help": reverse("intake-crisis")})
        return JsonResponse({"why": NOT_YOURS}, status=409)
    values = values_of(reading.answers_of(reading.latest_intake(patient.pk)).values())
    asked = worded(asked, values, patient.language)
    form = SectionForm(asked, values, request.POST, partial=True)
    try:
        return JsonResponse(_save(request, patient, asked, form))
    except versions.IntakeSent:
        if unread_crisis(request, form):
            return JsonResponse({"saved": "", "seen": form.seen, "elsewhere": [], "help": reverse("intake-crisis")})
        return JsonResponse({"why": SENT}, status=409)


def _save(request: SignedInRequest, patient: Patient, asked: Section, form: SectionForm) -> dict[str, Any]:
    given = form.given()
    saved = saving.save_section(
        by=request.user,
        patient=patient,
        section=asked,
        answers=given.answers,
        declined=given.declined,
        removed=given.removed,
        complete=False,
        page=form.page,
    )
    form.remember(given)
    form.forget(saved.elsewhere)
    unread = unread_crisis(request, form)  # first: what raised one alert leaves no other words unread
    help_now = unread or saved.alert is not None or words_of_crisis(asked, given)
    return {
        "saved": saved_words(patient, saved.at) if saved.changed else "",
        "seen": form.seen,
        "elsewhere": _elsewhere(asked, form, saved.elsewhere),
        "help": reverse("intake-crisis") if help_now else None,
    }


def _elsewhere(asked: Section, form: SectionForm, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What another window answered otherwise, with the field to say it beside."""
    words = in_words_of(asked, values)
    return [
        {
            "field": form.field_of(item),
            "item": item,
            "value": value,
            "say": ELSEWHERE.format(words[item] or NO_ANSWER),
        }
        for item, value in values.items()
    ]
