"""Every page of every role in a real browser: axe, widths to 320 px, one heading, a quiet title and console."""

import re
from email.message import EmailMessage

import pytest
from django.core.management import call_command
from django.urls import resolve
from playwright.sync_api import Browser

from intake.models import ConsultationRequest, Patient
from tests.authorization_table import TABLE
from tests.journeys.clinic import database_open
from tests.journeys.house import House
from tests.journeys.inspector import PHONE_ALONE, WIDTHS, inspector
from tests.journeys.visitors import visitors
from tests.objects import make_objects

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Addresses that lead on to another page for everybody in this round; what they show in between has its own journey.
DOORS = {
    "start", "claim-again", "request-received", "patient-choose-confirm", "visit-room", "follow-invitation",
    "intake-asq", "inquiry-help",
    "desk-calendar-today", "desk-arrivals-today", "manage-week-today", "manage-reports",
}  # fmt: skip


def test_every_page(house: House, browser: Browser) -> None:
    """Whoever may open a page finds it whole; and every page of the table was opened."""
    with database_open():
        call_command("publish_consents")
        people = [(one, one.cookies(house.url)) for one in visitors(make_objects(), a_mail(house))]
        titles = words_of_patients()
    found: list[str] = []
    shown: set[str | None] = set()
    for one, cookies in people:
        window = inspector(browser, house.url, cookies, titles)
        for name, path in one.paths.items():
            came = window.open(path)
            page = name if came is None else resolve(came).url_name  # None: a file, data, or a button's address
            if came is not None:
                # What differs for the next role is the way round and a few buttons: they look on the phone alone.
                widths = PHONE_ALONE if page in shown else WIDTHS
                found += [f"{one.name}, {name} ({came}): {line}" for line in window.findings(widths)]
            shown.add(page)
        window.page.context.close()
    assert found == []
    assert set(TABLE) - shown == DOORS


def a_mail(house: House) -> str:
    """A mail with an attachment in the demo's mailbox, as the sink would have kept it; its key."""
    key = f"{1:020d}-{0:08x}"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "clinic@example.com", "ana@example.com", "Your appointment"
    mail.set_content("Hello.")
    mail.add_attachment(b"END", maintype="text", subtype="calendar", filename="a.ics")
    (house.folder / "mail").mkdir(exist_ok=True)
    (house.folder / "mail" / f"{key}.eml").write_bytes(mail.as_bytes())
    return key


def words_of_patients() -> re.Pattern[str]:
    """Every name and address of a patient, and what the clinic treats: no title holds any of it."""
    rows = [*Patient.objects.values_list("given_name", "family_name", "email"),
            *ConsultationRequest.objects.values_list("given_name", "family_name", "phone")]  # fmt: skip
    words = {str(word) for row in rows for word in row if word} | {"ketamine", "depression"}
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted(words)))})\b", re.I)
