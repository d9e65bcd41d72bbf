"""The demo's mailbox: the real sink as a process, and its pages."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
import uuid
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope
from django.test import Client
from django.urls import reverse

from pacificmind.demo import mails
from pacificmind.demo.management.commands.mailsink import Folder
from pacificmind.messaging.sms import Sink
from tests.messaging.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def _mail(subject: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Clinic <c@example.com>", "ana@example.com"
    message.set_content("See http://127.0.0.1/x\n<script>alert(1)</script>")
    message.add_alternative("<p>See <b>here</b></p>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", "text", "calendar", filename="../../evil.ics")
    return message


def _store(folder: Path, subject: str = "Hello") -> str:
    envelope = Envelope()
    envelope.mail_from, envelope.rcpt_tos = "c@example.com", ["ana@example.com"]
    envelope.original_content = bytes(_mail(subject))
    return Folder(folder).store(envelope).stem


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.servers
def test_the_sink_keeps_whole_mails_and_stops_when_asked(tmp_path: Path, settings: Any) -> None:
    port = free_port()
    environment = {**os.environ, "MAILSINK_PORT": str(port), "MAILSINK_DIR": str(tmp_path), "DEMO": "1"}
    sink = subprocess.Popen([sys.executable, "manage.py", "mailsink"], cwd=ROOT, env=environment)
    try:
        end = time.monotonic() + 20
        while not _listens(port):
            assert time.monotonic() < end
            time.sleep(0.05)
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(_mail("First"))
            client.send_message(_mail("Größe"))
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(5) == 0
    finally:
        sink.kill()
        sink.wait(5)
    settings.MAILSINK_DIR = str(tmp_path)
    found = [mails.read(key) for key in mails.newest_first()]
    assert [(mail.subject, mail.to) for mail in found if mail] == [
        ("Größe", "ana@example.com"),
        ("First", "ana@example.com"),
    ]


def test_only_the_newest_are_kept(tmp_path: Path, settings: Any) -> None:
    settings.MAILSINK_DIR = str(tmp_path)
    stored = [_store(tmp_path, str(n)) for n in range(6)]
    Folder(tmp_path, kept=4).trim()
    assert mails.newest_first() == stored[:1:-1]


@pytest.mark.django_db
def test_the_pages_show_mails_and_run_nothing_of_them(tmp_path: Path, settings: Any, client: Client) -> None:
    settings.MAILSINK_DIR = str(tmp_path)
    assert "No mail yet" in client.get(reverse("mail-list")).content.decode()
    key = _store(tmp_path, "A <b>visit</b>")
    listed = client.get(reverse("mail-list")).content.decode()
    assert "A &lt;b&gt;visit&lt;/b&gt;" in listed
    assert "ana@example.com" in listed
    shown = client.get(reverse("mail-show", args=[key])).content.decode()
    assert '<a href="http://127.0.0.1/x"' in shown
    assert "<script>alert" not in shown
    assert "&lt;p&gt;See &lt;b&gt;here" in shown
    file = client.get(reverse("mail-attachment", args=[key, 0]))
    assert file.content == b"BEGIN:VCALENDAR"
    assert file["Content-Disposition"].startswith("attachment;")
    assert "/" not in file["Content-Disposition"]
    assert client.get(reverse("mail-attachment", args=[key, 7])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["nothing", "00000000000000000000-00000000", "environment"])
def test_what_is_no_mail_is_not_found(tmp_path: Path, settings: Any, client: Client, key: str) -> None:
    settings.MAILSINK_DIR = str(tmp_path)
    (tmp_path / "environment.eml").write_text("Subject: secret\r\n\r\n")
    assert client.get(reverse("mail-show", args=[key])).status_code == 404


@pytest.mark.django_db
def test_texts_stand_beside_the_mails(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MAILSINK_DIR = str(tmp_path)
    assert "No text yet" in client.get(reverse("text-list")).content.decode()
    Sink(tmp_path / "sms").send("+12135550177", "A visit <b> is near.", uuid.uuid4())
    shown = client.get(reverse("text-list")).content.decode()
    assert "A visit &lt;b&gt; is near." in shown
    assert "(213) 555-0177" in shown
