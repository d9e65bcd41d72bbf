"""smtplib on one kept connection: each mail composed by the standard library, or one ready mail again and again."""

import email
import email.policy
import smtplib
import sys
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

COMPOSED, READY = "composed", "ready"
_ALIKE = ("Subject", "From", "Auto-Submitted", "Content-Language")


def composed(link: smtplib.SMTP, sample: bytes) -> Callable[[str], object]:
    """Sends a mail of its own each time: with the text and HTML of the sample, but to and about another person."""
    parsed = email.message_from_bytes(sample, policy=email.policy.default)
    text, html = (_words(parsed, subtype) for subtype in ("plain", "html"))
    visit = text.partition("/visits/")[2][:36]
    alike = {name: str(parsed[name]) for name in _ALIKE}

    def send(name: str) -> object:
        mail, own = EmailMessage(), str(uuid.uuid4())
        for header, value in alike.items():
            mail[header] = value
        mail["To"] = f"patient{name}@example.com"
        mail["Message-ID"] = f"<{own}@pacificmind.example>"
        mail["Date"] = formatdate()
        mail.set_content(text.replace(visit, own), cte="7bit")  # as ours is: by itself it would work out another
        mail.add_alternative(html.replace(visit, own), subtype="html", cte="7bit")
        return link.send_message(mail)

    return send


def _words(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def ready(link: smtplib.SMTP, sample: bytes) -> Callable[[str], object]:
    """Sends the same bytes each time, under a new name."""

    def send(name: str) -> object:
        told = sample.replace(b"Message-ID: <", f"Message-ID: <{name}-".encode(), 1)
        return link.sendmail("no-reply@pacificmind.example", ["somebody@example.com"], told)

    return send


def main(how: str, port: str, file: str, count: str, name: str) -> None:
    """Send `count` mails at the first line of standard input."""
    sample = Path(file).read_bytes()
    link = smtplib.SMTP("127.0.0.1", int(port))
    link.ehlo()
    send = {COMPOSED: composed, READY: ready}[how](link, sample)
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(int(count)):
        send(f"{name}-{n}")
    print("0 0", flush=True)
    link.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
