"""The link that ends one sort of mail: for those alone, at once, without a password, and by no scanner."""

import re
import uuid
from typing import Any

import pytest
from django.core.signing import Signer
from django.test import Client

from intake.models import ContactConsent, Patient
from intake.services.own_record import SMS_WORDING
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import compose, prepare, samples, stopping, topics
from pacificmind.messaging.kinds import CHECK_INS, KINDS
from pacificmind.messaging.models import Message, Status, TopicChoice
from pacificmind.messaging.registry import Address, Words
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


def owed(patient: Patient, purpose: str, **extra: Any) -> Message:
    return Message.objects.create(
        purpose=purpose, subject_type="intake.patient", subject_id=patient.pk, recipient_type="patient",
        recipient_id=patient.pk, channel="email", due_at=now(), **extra,
    )  # fmt: skip


def mail_of(row: Message) -> Any:
    words = Words(key=row.purpose, context=samples.values(row.purpose))
    return compose.mail(row, words, Address(email="a@example.com", name="Ana"))


def path_of(row: Message) -> str:
    return "/" + stopping.url_of(row).split("/", 3)[3]


@pytest.mark.parametrize("key", [kind.key for kind in KINDS.values() if kind.mail is not None])
def test_only_what_can_end_says_how(key: str) -> None:
    sent = mail_of(owed(cast.patient(), key))
    header, press = sent.message()["List-Unsubscribe"], sent.message()["List-Unsubscribe-Post"]
    if not KINDS[key].topic:
        assert (header, press, "/mail/stop/" in sent.body) == (None, None, False)
        return
    url = header.strip("<>")
    assert re.fullmatch(r"https?://[^/]+/mail/stop/[0-9a-f]{32}:[\w-]+/", url), "a message's key and a signature"
    assert press == "List-Unsubscribe=One-Click"
    assert url in sent.body
    assert url in str(sent.alternatives[0][0]).replace("&amp;", "&")


def test_one_press_ends_it_at_once_and_nothing_else() -> None:
    patient = cast.patient()
    left, waits = owed(patient, "check-in"), owed(patient, "check-in", subject_version=2)
    other, visit = owed(patient, "booster-due"), owed(patient, "visit-booked")
    press = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert press.post(path_of(left), {"List-Unsubscribe": "One-Click"}).status_code == 200
    waits.refresh_from_db()
    assert (waits.status, waits.why) == (Status.VOID, topics.ENDED)
    assert set(Message.objects.filter(status="owed").values_list("pk", flat=True)) == {other.pk, visit.pk}
    assert TopicChoice.objects.count() == 1, "twice is once"
    kept = TopicChoice.objects.get()
    assert (kept.topic, kept.wanted, kept.address) == (CHECK_INS, False, "127.0.0.1")
    assert Entry.objects.filter(what="choose sorts of mail", patient_id=patient.pk).count() == 1


def test_looking_changes_nothing_and_what_is_not_ours_is_dead() -> None:
    patient = cast.patient()
    row, visit = owed(patient, "booster-due", language="es"), owed(patient, "visit-booked")
    shown = Client().get(path_of(row))
    assert "No recibir más" in shown.content.decode()
    assert patient.family_name not in shown.content.decode()
    assert topics.ended_of(patient.pk) == set()
    forged = Signer(salt="another").sign(row.pk.hex)
    for path in (path_of(visit), f"/mail/stop/{forged}/", "/mail/stop/x/", f"/mail/stop/{row.pk.hex}/"):
        for answer in (Client().get(path), Client().post(path)):
            assert answer.status_code == 404
    assert not TopicChoice.objects.exists()


def test_staff_see_what_they_ended_and_which_language_they_read(client: Client) -> None:
    patient = cast.patient(language="es")
    client.force_login(cast.receptionist())
    page = f"/desk/patients/{patient.pk}/"
    assert "Mails they ended" not in client.get(page).content.decode()
    topics.end_by_link(owed(patient, "check-in"), address=None)
    shown = client.get(page).content.decode()
    assert "questions about how you have been" in shown
    assert "Español" in shown


def test_what_is_owed_afterwards_does_not_leave_until_they_want_it_again(client: Client) -> None:
    patient = cast.patient(account=True)
    topics.end_by_link(owed(patient, "booster-due", status="sent", done_at=now()), address=None)
    row = owed(patient, "letter-waits")
    batch = prepare.Batch([row, Message(purpose="booster-again", recipient_type="patient", recipient_id=patient.pk)])
    assert batch._ended(row, "booster-again")
    assert not batch._ended(row, "visit-booked")
    assert patient.user is not None
    client.force_login(patient.user)
    told = {"phone": "+12135550142", "language": "es", "by_email": "on", "by_sms": "on", "next_visits": "on"}
    told["friendly_notes"] = "on"
    answer = client.post("/how-we-reach-you/", told | {"request_id": str(uuid.uuid4())})
    assert answer.status_code == 302
    assert topics.ended_of(patient.pk) == {CHECK_INS}, "as they ticked it"
    patient.refresh_from_db()
    assert patient.language == "es"
    agreed = ContactConsent.objects.get(patient=patient, channel="sms")
    assert (agreed.given, agreed.wording, agreed.address) == (True, SMS_WORDING, "127.0.0.1"), "CLINICAL 8"
    assert agreed.at <= now()
