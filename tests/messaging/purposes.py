"""Purposes for tests alone; a worker started by a test includes this module too."""

from pacificmind.messaging import registry
from pacificmind.messaging.models import Message
from pacificmind.messaging.registry import Purpose, Void, Words

NOTE = "test-note"
STALE = "test-stale"
BROKEN = "test-broken"


def note(row: Message) -> Words:
    """Always something to say."""
    return Words(subject="Your visit", context={"lines": ["Your visit is on Tuesday."], "sms": "A visit is near."})


def stale(row: Message) -> Void:
    """Never true any more."""
    return Void("The visit was moved.")


def broken(row: Message) -> Words:
    """A mistake in the code."""
    raise KeyError("a patient's secret")


def page(row: Message) -> Words:
    """A page to staff."""
    return Words(subject="Something needs you now", context={"lines": ["Please open the board."]}, template="staff")


for _purpose in (
    Purpose(NOTE, "A note", note),
    Purpose(STALE, "Something old", stale),
    Purpose(BROKEN, "Something broken", broken),
):
    registry.register(_purpose)
PAGE = Purpose(registry.SAFETY_PAGE, "Page", page, to_patients=False)  # in place of the real one, where a test says so
