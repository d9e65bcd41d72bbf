"""The words that hold now: a manager's newest version of them, else those that came with the software."""

from collections.abc import Iterable

from pacificmind.messaging.catalogue import Script, shipped
from pacificmind.messaging.models import Wording
from pacificmind.messaging.proofing import problems


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


def versions(key: str, language: str) -> Iterable[Wording]:
    """All versions, newest first, with who made them."""
    return Wording.objects.filter(key=key, language=language).select_related("made_by").order_by("-version")
