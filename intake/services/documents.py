"""Publish consent documents: those that are shipped, and a manager's own versions. A published one never changes."""

import uuid
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction

from intake.consents import Document, fingerprint, statements
from intake.messages_consent import owe_documents
from intake.models import ConsentDocument
from pacificmind.accounts.models import Role, User
from pacificmind.audit import services as audit
from pacificmind.audit.models import Action
from pacificmind.idempotency.services import once

LONGEST_TEXT, LONGEST_TITLE, LONGEST_CHANGES = 60_000, 120, 500


class TextChanged(Exception):
    """A published version has another text now. Publish it under a new version."""


class DocumentRefused(Exception):
    """The version cannot be published; `field` names the field that is meant, if one is."""

    def __init__(self, say: str, field: str = "") -> None:
        super().__init__(say)
        self.field = field


def publish(found: Iterable[Document]) -> list[ConsentDocument]:
    """Store the shipped documents that are new; those returned. A published version is never changed: TextChanged.

    Where the clinic has published a version of its own under this number or a higher one, its own text governs and
    the shipped one is passed over.
    """
    with transaction.atomic(durable=True):
        made = []
        for document in found:
            versions = ConsentDocument.objects.filter(kind=document.kind)
            if versions.filter(version__gte=document.version, published_by__isnull=False).exists():
                continue
            known = versions.filter(version=document.version).first()
            if known is None:
                made.append(_store(document, by=None))
            elif known.sha256 != document.sha256 or known.title != document.title:
                raise TextChanged(f"{document.kind}, version {document.version}")
        return made


def publish_version(
    *, by: User, kind: str, after: int, title: str, text: str, changes: str = "", request_id: uuid.UUID | None = None
) -> ConsentDocument:
    """A manager publishes the version after `after`, which they saw as the newest. Whoever signed that one signs again.

    Raises DocumentRefused, PermissionDenied.
    """
    if Role.MANAGER not in by.roles:
        raise PermissionDenied
    words = text.replace("\r\n", "\n").strip() + "\n"
    asked = {"kind": kind, "after": after, "title": title, "text": words, "changes": changes}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="publish-document", asked=asked) as intention,
    ):
        if intention.repeated:
            return ConsentDocument.objects.get(pk=intention.result["document"])
        newest = ConsentDocument.objects.select_for_update().filter(kind=kind).order_by("-version").first()
        if newest is None or newest.version != after:
            raise DocumentRefused("Somebody else published a version meanwhile. Read it first.")
        check_text(title, words, newest)
        document = Document(kind, after + 1, title.strip(), words)
        made = _store(document, by=by, changes=changes.strip()[:LONGEST_CHANGES])
        owe_documents(made, newest)
        intention.result = {"document": made.pk}
        return made


def check_text(title: str, text: str, newest: ConsentDocument) -> None:
    """What a version needs before it can be signed: a title, a text that is new, a statement to tick."""
    if not title.strip() or len(title.strip()) > LONGEST_TITLE:
        raise DocumentRefused(f"Give it a title of at most {LONGEST_TITLE} letters.", "title")
    if not text.strip() or len(text) > LONGEST_TEXT:
        raise DocumentRefused(f"The text has at most {LONGEST_TEXT} letters.", "text")
    if not statements(text):
        raise DocumentRefused('Write at least one statement to tick: a line that begins with "[ ] ".', "text")
    if fingerprint(text) == newest.sha256 and title.strip() == newest.title:
        raise DocumentRefused("This is the text that is in force already.", "text")


def _store(document: Document, *, by: User | None, changes: str = "") -> ConsentDocument:
    made = ConsentDocument.objects.create(
        kind=document.kind,
        version=document.version,
        title=document.title,
        text=document.text,
        sha256=document.sha256,
        published_by=by,
        changes=changes,
    )
    told = {"kind": made.kind, "version": made.version}
    audit.record(Action.CREATE, "publish-consent-document", by=by, subject=made, changes=told)
    return made
