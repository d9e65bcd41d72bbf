"""The words that hold now: a manager's newest version of them, else those that came with the software."""

import uuid

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max, QuerySet

from pacificmind.accounts.models import Role, User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clock import now
from pacificmind.idempotency.services import once
from pacificmind.messaging.catalogue import Script, shipped
from pacificmind.messaging.models import Wording
from pacificmind.messaging.proofing import problems

_KEY = 8  # of the advisory lock: words of one message


def own_words() -> dict[tuple[str, str], Script]:
    """The newest version of each message that has one, by kind and language, in one query: read it once a batch.

    Words that a later version of the software no longer understands are left out: its own words leave then.
    """
    rows = Wording.objects.order_by("key", "language", "-version").distinct("key", "language")
    found = [script_of(row) for row in rows if known(row)]
    return {(one.key, one.language): one for one in found if one.version and not problems(one)}


def known(row: Wording) -> bool:
    """Whether the software still has such a message: words of one that is gone are kept, and hold nothing."""
    try:
        shipped(row.key, row.language)
    except KeyError:
        return False
    return True


def script_of(row: Wording) -> Script:
    """The words of a version. One that says nothing of its own went back to the software's words."""
    base = shipped(row.key, row.language)
    return Script(
        key=row.key,
        language=row.language,
        subject=row.subject or base.subject,
        mail=row.body or base.mail,
        sms=row.sms or base.sms,
        version=row.version if row.subject or row.body or row.sms else 0,
        link=base.link,
    )


def script(key: str, language: str, own: dict[tuple[str, str], Script]) -> Script:
    """The words of a message in a reader's language. KeyError for a kind that nobody knows."""
    base = shipped(key, language)
    return own.get((key, base.language), base)


def versions(key: str, language: str) -> QuerySet[Wording]:
    """All versions, newest first, with who made them."""
    return Wording.objects.filter(key=key, language=language).select_related("made_by").order_by("-version")


class NewerWords(Exception):
    """Somebody saved other words meanwhile."""


def newest(key: str, language: str) -> int:
    """The newest version; 0 where there are only the software's words."""
    return Wording.objects.filter(key=key, language=language).aggregate(newest=Max("version"))["newest"] or 0


def _one_at_a_time(key: str) -> None:
    """Of two managers at once the second sees what the first saved."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, _KEY])


def keep(
    script: Script, *, by: User, after: int, shipped_again: bool = False, request_id: uuid.UUID | None = None
) -> int:
    """Save a manager's words as a new version, from which on they hold; the version.

    `after`: the version they were written from, else NewerWords. `shipped_again`: back to the words of the software.
    Raises ValueError for words that may not leave, whatever form they came by.
    """
    if Role.MANAGER not in by.roles:
        raise PermissionDenied
    if not shipped_again and (wrong := problems(script)):
        raise ValueError(str(wrong))
    told = {} if shipped_again else {"subject": script.subject, "body": script.mail, "sms": script.sms}
    asked = {"key": script.key, "language": script.language, "after": after, **told}
    with (
        transaction.atomic(durable=True),
        once(request_id, user_id=by.pk, intent="words of a message", asked=asked) as intention,
    ):
        if intention.repeated:
            return int(intention.result["version"])
        _one_at_a_time(script.key)
        if newest(script.key, script.language) != after:
            raise NewerWords
        made = Wording(key=script.key, language=script.language, version=after + 1, made_by=by, made_at=now(), **told)
        made.full_clean()
        made.save(force_insert=True)
        kept = {"key": script.key, "language": script.language, "version": made.version}
        record(Action.CHANGE, "words of a message", by=by, changes=kept)
        intention.result = {"version": made.version}
    return made.version
