"""A mail or a text out of words and an address. Neutral by rule: no drug, diagnosis or specialty (DESIGN 6)."""

from collections.abc import Sequence
from email.encoders import encode_base64
from email.message import Message as Header
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from pacificmind.messaging import hypertext
from pacificmind.messaging.catalogue import ENGLISH, Script, shipped
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Attachment, Words
from pacificmind.messaging.stopping import url_of
from pacificmind.messaging.written import Around, Part, Writer
from pacificmind.ui.context import Clinic, current


def message_id(row: Message) -> str:
    """The same for every try of a row, so that a mail server can drop a repeat."""
    return f"<{row.pk}@{_domain(settings.DEFAULT_FROM_EMAIL)}>"


@lru_cache(maxsize=8)  # the settings know one
def _domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2] or "localhost"


def _base() -> str:
    return settings.BASE_URL.rstrip("/")


def _context(words: Words, address: Address, clinic: Clinic | None) -> dict[str, Any]:
    clinic = clinic or current()
    base = _base()
    return {
        "name": address.name,
        "clinic_name": clinic.name,
        "clinic_phone": clinic.phone,
        "clinic_hours": clinic.hours,
        "base_url": base,
        "portal_url": f"{base}{words.context.get('path', '/')}",
        "subject": words.subject,
        **words.context,
    }


def writer(words: Words, address: Address, clinic: Clinic | None = None, script: Script | None = None) -> Writer:
    """What writes a message of a known kind: by `script`, else by the software's words in their language."""
    clinic = clinic or current()
    around = Around(address.name, clinic.name, clinic.phone, clinic.hours, _base())
    return Writer(script or shipped(words.key, address.language), words.context, around)


def mail(
    row: Message, words: Words, address: Address, clinic: Clinic | None = None, script: Script | None = None
) -> EmailMultiAlternatives:
    """The mail: text and HTML of the same words, attachments, and headers that say a machine sent it."""
    if words.key:
        made = _written(row, writer(words, address, clinic, script))
    else:
        context = _context(words, address, clinic)
        body = render_to_string(f"messages/{words.template}.txt", context).strip() + "\n"
        html = render_to_string(f"messages/{words.template}.html", context)
        made = _mail(row, words.subject, body, html, ENGLISH)
    made.to = [address.email]
    for attachment in words.attachments:
        made.attach(_part(attachment))
    return made


def _mail(row: Message, subject: str, body: str, html: str, language: str) -> EmailMultiAlternatives:
    made = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        headers={
            "Message-ID": message_id(row),
            "Date": format_datetime(row.due_at),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "Content-Language": language,
        },
    )
    made.attach_alternative(html, "text/html")
    return made


def _written(row: Message, by: Writer) -> EmailMultiAlternatives:
    stop = url_of(row) if by.kind.topic else ""
    subject, parts = by.subject(), by.parts()
    html = hypertext.page(by, subject, parts, stop)
    made = _mail(row, subject, plain(by, parts, stop), html, by.script.language)
    if stop:  # RFC 2369 and RFC 8058: one press in the mail program ends them, and only these
        made.extra_headers["List-Unsubscribe"] = f"<{stop}>"
        made.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return made


def plain(by: Writer, parts: Sequence[Part] | None = None, stop: str = "") -> str:
    """The mail without HTML."""
    parts = by.parts() if parts is None else parts
    ending = [Part(by.phrase("no_more")), Part(by.phrase("no_more_link"), url=stop)] if stop else []
    said = [by.hello(), *(part.plain() for part in parts), *by.closing(), *(part.plain() for part in ending)]
    return "\n\n".join(said) + "\n"


def _part(attachment: Attachment) -> MIMENonMultipart:
    """The attachment with the parameters of its type kept: calendars read `method` there."""
    header = Header()
    header["Content-Type"] = attachment.media
    part = MIMENonMultipart(header.get_content_maintype(), header.get_content_subtype())
    for name, value in header.get_params([])[1:]:
        part.set_param(name, value)
    part.set_payload(attachment.content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=attachment.name)
    return part


def text(words: Words, address: Address, clinic: Clinic | None = None, script: Script | None = None) -> str:
    """The words of a text message, on one line."""
    if words.key:
        by = writer(words, address, clinic, script)
        return by.inline(by.script.sms)
    return " ".join(render_to_string(f"messages/{words.template}.sms.txt", _context(words, address, clinic)).split())
