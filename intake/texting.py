"""Whose a telephone number is, and what a text from it changes: consent, or an alert."""

import uuid
from collections.abc import Sequence

from django.db import transaction

from intake.domain.library import crisis_words
from intake.models import ContactConsent, Patient, SafetyAlert
from intake.services.own_record import consents_of, consents_of_all
from intake.services.safety import raise_alert
from pacificmind.messaging import registry
from pacificmind.messaging.registry import Known, Texting

SOURCE = "text message"
SHARED = "shared number"
_SMS = ContactConsent.Channel.SMS


def find(phone: str) -> list[Known]:
    """Patients with this number: active ones first, of them who agreed to texts, then who came first."""
    rows = list(Patient.objects.filter(phone=phone).order_by("made_at", "pk"))
    agreed = consents_of_all([patient.pk for patient in rows])
    ordered = sorted(
        rows,
        key=lambda patient: (patient.status != Patient.Status.ACTIVE, not agreed.get(patient.pk, {}).get(_SMS, False)),
    )
    return [Known(patient.pk, patient.site_id) for patient in ordered]


def withdraw(patient_ids: Sequence[uuid.UUID], words: str) -> list[uuid.UUID]:
    """Whoever has this number gets no more texts; those for whom that is new."""
    return _keep(patient_ids, words, given=False)


def give(patient_ids: Sequence[uuid.UUID], words: str) -> list[uuid.UUID]:
    """Texts again for those who had agreed to them once; those for whom that is new."""
    once = ContactConsent.objects.filter(patient_id__in=patient_ids, channel=_SMS, given=True)
    agreed = set(once.values_list("patient_id", flat=True))
    return _keep([pk for pk in patient_ids if pk in agreed], words, given=True)


def agreed(patient_ids: Sequence[uuid.UUID]) -> bool:
    """Whether any of them agrees to texts now."""
    return any(one.get(_SMS) for one in consents_of_all(patient_ids).values())


def _keep(patient_ids: Sequence[uuid.UUID], words: str, *, given: bool) -> list[uuid.UUID]:
    changed = []
    locked = Patient.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    for patient in locked.filter(pk__in=patient_ids):
        if consents_of(patient.pk).get(_SMS) == given:
            continue
        wording = f'They texted from {patient.phone}: "{words[:400]}"'
        ContactConsent.objects.create(patient=patient, channel=_SMS, given=given, wording=wording, source=SOURCE)
        changed.append(patient.pk)
    return changed


def alarm(patient_ids: Sequence[uuid.UUID], words: str) -> int:
    """Raise an alert about words of crisis, as in any free text (CLINICAL 4.1), for each patient who may have written.

    Those of a closed record count where nobody else has the number; whoever died wrote nothing. How many there are.
    """
    rows = Patient.objects.select_related("site").filter(pk__in=patient_ids).exclude(closed_why=Patient.Closed.DIED)
    active = [patient for patient in rows if patient.status == Patient.Status.ACTIVE]
    meant = active or list(rows)
    with transaction.atomic():
        for patient in meant:
            raise_alert(
                patient=patient,
                tier=SafetyAlert.Tier.URGENT_1,
                trigger=SafetyAlert.Trigger.WORDS,
                value=SOURCE if len(patient_ids) == 1 else SHARED,
                words=words,
            )
    return len(meant)


def register() -> None:
    """Tell messaging; called once, when the app is ready."""
    registry.register_texting(Texting(find, withdraw, give, alarm, crisis_words, agreed))
