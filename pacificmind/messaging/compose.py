"""A mail or a text out of words and an address. Neutral by rule: no drug, diagnosis or specialty (DESIGN 6)."""

from email.encoders import encode_base64
from email.message import Message as Header
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Address, Attachment, Words
from pacificmind.ui.context import Clinic, current

_WRITTEN_IN = "en"  # the words of every mail, whatever language its reader prefers


def message_id(row: Message) -> str:
    """The same for every try of a row, so that a mail server can drop a repeat."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{row.pk}@{domain}>"


def _context(words: Words, address: Address, clinic: Clinic | None) -> dict[str, Any]:
    clinic = clinic or current()
    base = settings.BASE_URL.rstrip("/")
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


def mail(row: Message, words: Words, address: Address, clinic: Clinic | None = None) -> EmailMultiAlternatives:
    """The mail: text and HTML of the same words, attachments, and headers that say a machine sent it."""
    context = _context(words, address, clinic)
    made = EmailMultiAlternatives(
        subject=" ".join(words.subject.split()),
        body=render_to_string(f"messages/{words.template}.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address.email],
        headers={
            "Message-ID": message_id(row),
            "Date": format_datetime(row.due_at),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "Content-Language": _WRITTEN_IN,
        },
    )
    made.attach_alternative(render_to_string(f"messages/{words.template}.html", context), "text/html")
    for attachment in words.attachments:
        made.attach(_part(attachment))
    return made


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


def text(words: Words, address: Address, clinic: Clinic | None = None) -> str:
    """The words of a text message, on one line."""
    return " ".join(render_to_string(f"messages/{words.template}.sms.txt", _context(words, address, clinic)).split())
