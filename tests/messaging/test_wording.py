"""A manager words the messages: what is refused, what holds when, what a row keeps, and what a batch costs."""

import threading
import uuid
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Entry
from pacificmind.clock import now
from pacificmind.messaging import delivery, gsm, wording
from pacificmind.messaging.catalogue import Script, shipped
from pacificmind.messaging.models import Letter, Message, Wording
from pacificmind.messaging.prepare import Batch, Ready
from pacificmind.messaging.proofing import problems
from tests import cast
from tests.messaging.conftest import Smtp
from tests.messaging.servers import Server
from tests.race.arena import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/manage/words/letter-waits/en/"
MAIL = "Something for you stands in the portal, {name}.\n\n{link}"


@pytest.fixture
def manager() -> User:
    return cast.user(Role.MANAGER)


@pytest.fixture
def browser(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def told(version: int = 0, /, **more: str) -> dict[str, str]:
    words = {"subject": "News for you", "mail": MAIL}
    return words | {"version": str(version), "request_id": str(uuid.uuid4())} | more


def letter(at: Any = None) -> Message:
    """A mail that a letter waits, owed to a patient."""
    patient = at or cast.patient()
    made = Letter.objects.create(
        patient_id=patient.pk, kind="note", about_type="intake.patient", about_id=uuid.uuid4(), title="A", body="B"
    )
    return Message.objects.create(
        purpose="letter-waits", subject_type="messaging.letter", subject_id=made.pk, recipient_type="patient",
        recipient_id=patient.pk, channel="email", due_at=now(),
    )  # fmt: skip


def written(*rows: Message) -> list[Ready]:
    batch = Batch(rows)
    found = [batch.prepare(row) for row in rows]
    assert all(isinstance(one, Ready) for one in found), found
    return [one for one in found if isinstance(one, Ready)]


class TestRules:
    @pytest.mark.parametrize(
        ("part", "text", "why"),
        [
            ("mail", "Hello {patient}\n\n{link}", "{patient} is not known here."),
            ("mail", "Hello", "{link} must stay: the message needs it."),
            ("mail", "See {link}", "on a line of its own"),
            ("mail", "One\n\n{link}\n\n{link}", "on a line of its own"),
            ("mail", "{{ settings.SECRET_KEY }}\n\n{link}", "{ or } that belongs to no placeholder"),
            ("mail", "{name.__class__}\n\n{link}", "{ or } that belongs to no placeholder"),
            ("mail", "Your ketamine is ready\n\n{link}", "Please take out “ketamin”."),
            ("mail", "Hable de su depresión\n\n{link}", "Please take out “depresi”."),
            ("mail", "Look at https://evil.example\n\n{link}", "no address of a page"),
            ("mail", "x" * 4001 + "\n\n{link}", "no more than 4000"),
            ("subject", "For {name}", "{name} is not known here."),
            ("subject", "About your depression", "Please take out “depress”."),
            ("subject", "", "Please write something here"),
        ],
    )
    def test_what_may_not_leave_is_refused_in_words(self, part: str, text: str, why: str) -> None:
        words: dict[str, str] = {"subject": "News for you", "mail": MAIL} | {part: text}
        found = problems(Script("letter-waits", "en", subject=words["subject"], mail=words["mail"]))
        assert list(found) == [part]
        assert any(why in one for one in found[part]), found

    def test_what_keeps_to_the_rules_passes(self) -> None:
        assert problems(Script("letter-waits", "en", subject="News for you", mail=MAIL)) == {}

    def test_a_service_refuses_what_no_form_let_through(self, manager: User) -> None:
        with pytest.raises(ValueError, match="ketamin"):
            wording.keep(Script("letter-waits", "en", subject="ketamine", mail=MAIL), by=manager, after=0)
        with pytest.raises(PermissionDenied):
            wording.keep(Script("letter-waits", "en", subject="News", mail=MAIL), by=cast.receptionist(), after=0)
        assert not Wording.objects.exists()


class TestPages:
    def test_the_list_names_every_kind_at_the_same_cost(self, browser: Client, manager: User) -> None:
        with CaptureQueriesContext(connection) as few:
            page = browser.get("/manage/words/").content.decode()
        assert page.count("Shipped<") > 40
        for key in ("letter-waits", "papers", "missing"):
            wording.keep(shipped(key, "en"), by=manager, after=0)
        with CaptureQueriesContext(connection) as many:
            page = browser.get("/manage/words/").content.decode()
        assert page.count("Your words, version 1") == 3
        assert len(many) == len(few)

    def test_words_are_looked_at_saved_and_taken_back(self, browser: Client, manager: User) -> None:
        looked = browser.post(PAGE, told(look="yes"))
        assert "Something for you stands in the portal, Alejandra." in looked.content.decode()
        assert not Wording.objects.exists(), "looking saves nothing"
        form = told(save="yes")
        for _ in range(2):
            assert browser.post(PAGE, form).status_code == 302
        (row,) = Wording.objects.all()
        assert (row.version, row.subject, row.made_by) == (1, "News for you", manager)
        browser.post(PAGE, told(1, subject="Other news", save="yes"))
        shown = browser.get(PAGE).content.decode()
        assert "Version 2" in shown
        assert "Use version 1 again" in shown
        for to, subject in (("1", "News for you"), ("0", "You have a new message")):
            browser.post(f"{PAGE}return/", {"to": to, "request_id": str(uuid.uuid4())})
            (ready,) = written(letter())
            assert ready.mail is not None
            assert ready.mail.subject == subject
        assert Wording.objects.count() == 4, "going back is a version too: none is lost"
        kept = Entry.objects.filter(what="words of a message").order_by("pk").last()
        assert kept is not None
        assert kept.changes == {"key": "letter-waits", "language": "en", "version": 4}

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"mail": "Hello {patient}\n\n{link}"}, "{patient} is not known here."),
            ({"subject": "Your ketamine"}, "Please take out “ketamin”."),
            ({"mail": "{% debug %}\n\n{link}"}, "belongs to no placeholder"),
        ],
    )
    def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(
        self, browser: Client, change: dict[str, str], why: str
    ) -> None:
        shown = browser.post(PAGE, told() | change | {"save": "yes"}).content.decode()
        (name,) = change
        field = shown.split(f'id="div_id_{name}"')[1].split('id="div_id_')[0]
        assert why in field.replace("&quot;", '"')
        assert not Wording.objects.exists()

    def test_a_text_that_is_too_long_or_lost_its_stop_is_refused(self, browser: Client) -> None:
        page = "/manage/words/visit-reminder/en/"
        present = shipped("visit-reminder", "en")
        words = {"subject": present.subject, "mail": present.mail, "version": "0"}
        for sms, why in [
            ("{clinic}: {when} {confirm}", "{stop} must stay"),
            ("{clinic}: {when} {confirm} {stop}" + " and more" * 40, "no more than 2"),
            ("{clinic}: {when} {confirm} {stop} ☺" + " and" * 10, "outside the plain alphabet"),
        ]:
            form = {**words, "sms": sms, "save": "yes", "request_id": str(uuid.uuid4())}
            assert why in browser.post(page, form).content.decode(), sms
        assert not Wording.objects.exists()
        assert "part" in browser.get(page).content.decode()

    def test_of_two_managers_the_second_sees_what_the_first_saved(self, browser: Client, manager: User) -> None:
        wording.keep(Script("letter-waits", "en", subject="First", mail=MAIL), by=manager, after=0)
        shown = browser.post(PAGE, told(0, subject="Second", save="yes")).content.decode()
        assert "Somebody saved other words meanwhile" in shown
        assert 'value="Second"' in shown
        assert Wording.objects.get().subject == "First"
        assert browser.post(PAGE, told(1, subject="Second", save="yes")).status_code == 302

    def test_of_many_at_once_one_is_saved_and_the_others_are_told(self, manager: User) -> None:
        words = [Script("letter-waits", "en", subject=f"News {n}", mail=MAIL) for n in range(6)]
        outcomes = at_once([partial(wording.keep, one, by=manager, after=0) for one in words])
        assert sorted(str(type(one).__name__) for one in outcomes) == ["NewerWords"] * 5 + ["int"]
        assert Wording.objects.count() == 1

    def test_negative_control_without_the_lock_the_constraint_alone_refuses(self, manager: User) -> None:
        gate, newest = threading.Barrier(2), wording.newest

        def both(key: str, language: str) -> int:
            found = newest(key, language)
            gate.wait(timeout=20)
            return found

        words = [Script("letter-waits", "en", subject=f"News {n}", mail=MAIL) for n in range(2)]
        with mock.patch.object(wording, "_one_at_a_time"), mock.patch.object(wording, "newest", both):
            outcomes = at_once([partial(wording.keep, one, by=manager, after=0) for one in words])
        refused = [type(one).__name__ for one in outcomes if one != 1]
        assert refused in (["IntegrityError"], ["ValidationError"]), "kept, but said by no friendly check"
        assert Wording.objects.count() == 1

    def test_no_other_kind_and_language(self, browser: Client) -> None:
        for path in ("/manage/words/nothing/en/", "/manage/words/papers/fr/", "/manage/words/nothing/en/return/"):
            assert browser.post(path).status_code == 404


class TestSending:
    def test_the_words_of_the_moment_leave_and_the_row_says_which(self, manager: User, smtp: Smtp) -> None:
        spanish = letter(cast.patient(language="es"))
        early = letter()
        wording.keep(Script("letter-waits", "en", subject="Old words", mail=MAIL), by=manager, after=0)
        wording.keep(Script("letter-waits", "en", subject="New words", mail=MAIL), by=manager, after=1)
        with smtp(server := Server()):
            assert delivery.run() == 2
        subjects = {str(one["Subject"]) for one in server.mails}
        early.refresh_from_db()
        spanish.refresh_from_db()
        assert subjects == {"New words", "Tiene un mensaje nuevo"}
        assert (early.status, early.language, early.wording) == ("sent", "en", 2)
        assert (spanish.language, spanish.wording) == ("es", 0)

    def test_a_batch_reads_the_words_once(self, manager: User) -> None:
        wording.keep(Script("letter-waits", "en", subject="Own words", mail=MAIL), by=manager, after=0)

        def reads(count: int) -> int:
            with CaptureQueriesContext(connection) as asked:
                written(*(letter() for _ in range(count)))
            return sum("messaging_wording" in one["sql"] for one in asked.captured_queries)

        assert (reads(1), reads(3)) == (1, 1)

    def test_words_that_the_software_no_longer_understands_hold_nothing(self, manager: User) -> None:
        Wording.objects.create(key="letter-waits", language="en", version=1, subject="A", body="{old}", made_by=manager)
        Wording.objects.create(key="gone", language="en", version=1, subject="A", body="B", made_by=manager)
        (ready,) = written(letter())
        assert ready.mail is not None
        assert (ready.mail.subject, ready.wording) == ("You have a new message", 0)

    def test_no_text_leaves_in_more_parts_than_are_allowed(self) -> None:
        assert gsm.MOST_WRITTEN <= gsm.MOST_SENT
        assert gsm.plan("x" * (gsm.EACH * gsm.MOST_SENT)).parts == gsm.MOST_SENT

    @pytest.mark.parametrize(
        ("written", "leaves"),
        [("½ hour early", "½ hour early"), ("10²", "10²"), ("ﬁn", "ﬁn"), ("sábado — 1\u202fh", "sabado - 1 h")],
    )
    def test_a_text_never_says_another_number_or_word_for_the_sake_of_its_letters(
        self, written: str, leaves: str
    ) -> None:
        assert gsm.plan(written).text == leaves
