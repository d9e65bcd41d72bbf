"""What the pages of the intake and the saving as one types have in common."""

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from django.core import signing
from django.http import Http404, HttpRequest
from django.utils.crypto import constant_time_compare

from intake.domain.library import crisis_words
from intake.forms.intake import Given, SectionForm
from intake.models import Patient
from intake.queries.reading import in_words
from intake.sections import Section, section
from intake.services.answers import COPIED_TO_PATIENT
from intake.services.safety import NOT_SENT, read_words
from pacificmind.accounts.models import User
from pacificmind.clock import now
from pacificmind.ui import dates

FREE_TEXT = ("text", "long")
ROW = re.compile(r"row-([0-9a-f]{8})-")
_MARKS = signing.Signer(salt="intake.page")


def whose(patient: Patient) -> str:
    """A mark of the patient a page was made for: a page left open is never saved into another person's record."""
    return _MARKS.sign(patient.pk.hex)


def made_for(request: HttpRequest) -> Patient | None:
    """The patient a page was made for; None where it does not bear our mark."""
    try:
        pk = uuid.UUID(hex=_MARKS.unsign(request.POST.get("whose", "")))
    except (signing.BadSignature, ValueError):
        return None
    return Patient.objects.select_related("site").filter(pk=pk).first()


def is_theirs(request: HttpRequest, patient: Patient) -> bool:
    """Whether the page was made for this patient; a page without the mark was not made by us."""
    return constant_time_compare(request.POST.get("whose", ""), whose(patient))


def known_section(slug: str) -> Section:
    """Return a part. Raises Http404."""
    try:
        return section(slug)
    except KeyError:
        raise Http404 from None


def known_already(patient: Patient) -> dict[str, str]:
    """What the clinic knows of how to reach them, by question: written down at the desk, or told before."""
    return {
        "contact.phone": str(patient.phone or ""),
        **{item: str(getattr(patient, column) or "") for item, column in COPIED_TO_PATIENT.items()},
    }


def saved_words(patient: Patient, moment: datetime | None) -> str:
    """When it was saved, as people say it; empty where nothing was."""
    if moment is None:
        return ""
    today, local = dates.local(now(), patient.site.tz).date(), dates.local(moment, patient.site.tz)
    at = f"at {dates.time_words(local)}"
    when = at if local.date() == today else f"on {dates.date_words(local.date(), today)} {at}"
    return f"Saved {when}; come back any time."


def words_of_crisis(part: Section, given: Given) -> bool:
    """Whether words of crisis stand in what this page newly gives, stored by it just now or by a sending before.

    The answer to that sending may have been lost on its way, and help is shown all the same.
    """
    texts = {item.id for item in part.items if item.kind in FREE_TEXT}
    return any(
        crisis_words(" . ".join(map(str, value.values())) if isinstance(value, dict) else str(value))
        for item, value in given.answers.items()
        if item in texts or isinstance(value, dict)
    )


def unread_crisis(request: HttpRequest, form: SectionForm) -> bool:
    """Evaluate words of crisis in what could not be saved: nobody else will read them. Whether there were any."""
    texts = _with_rows(request, form.errors)
    return any(map(crisis_words, texts)) and told_clinicians(request, texts)


def _with_rows(request: HttpRequest, refused: Iterable[str]) -> list[str]:
    """What was written in refused fields; one cell that is refused keeps its whole row of a table from being saved."""
    names = list(refused)
    rows = {found[1] for name in names if (found := ROW.match(name))}
    names += [name for name in request.POST if (found := ROW.match(name)) and found[1] in rows and name not in names]
    return [request.POST.get(name, "") for name in names]


def told_clinicians(request: HttpRequest, texts: Iterable[str], source: str = NOT_SENT) -> bool:
    """Raise the alert about words of crisis of the patient who is signed in; whether there were any."""
    by, patient = signed_in_patient(request)
    return read_words(by=by, patient=patient, texts=texts, source=source) is not None


def signed_in_patient(request: HttpRequest) -> tuple[User, Patient]:
    """Who is signed in, and their record."""
    by = cast(User, request.user)
    return by, Patient.objects.select_related("site").get(user=by)


def in_words_of(part: Section, values: Mapping[str, Any]) -> dict[str, str]:
    """Stored values in the words the patient chose; empty where declined."""
    items = {item.id: item for item in part.items}
    plain = {item: in_words(items.get(item), value) for item, value in values.items()}
    return {item: words.removesuffix(f" ({values[item]})") for item, words in plain.items()}
