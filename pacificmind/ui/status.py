"""States as a word, a shape and a tone. Colour never speaks alone: the word is always shown."""

from __future__ import annotations

from dataclasses import dataclass

SHAPES = frozenset(
    {"dot", "ring", "half", "check", "cross", "dash", "triangle", "octagon", "arrow", "clock", "info", "pencil"}
)
TONES = frozenset({"plain", "calm", "person", "safety", "waiting", "over"})


@dataclass(frozen=True, slots=True)
class Status:
    """What a status tag shows. `tone` is one of TONES, `shape` one of SHAPES."""

    word: str
    shape: str = "dot"
    tone: str = "plain"


STATUSES: dict[str, Status] = {
    # visits
    "held": Status("Held", "half", "waiting"),
    "pending": Status("Held", "half", "waiting"),
    "booked": Status("Booked", "dot", "calm"),
    "arrived": Status("Arrived", "arrow", "calm"),
    "checked-in": Status("Checked in", "arrow", "calm"),
    "fulfilled": Status("Done", "check", "over"),
    "cancelled": Status("Cancelled", "cross", "over"),
    "noshow": Status("Did not come", "dash", "person"),
    "entered-in-error": Status("Entered in error", "cross", "over"),
    # clearance as the front desk sees it
    "ready": Status("Ready", "check", "calm"),
    "ask-clinician": Status("Ask the clinician", "triangle", "person"),
    # tasks, requests, intakes
    "new": Status("New", "dot", "person"),
    "open": Status("Open", "ring", "person"),
    "late": Status("Late", "clock", "person"),
    "waiting": Status("Waiting", "clock", "waiting"),
    "draft": Status("In progress", "half", "waiting"),
    "submitted": Status("Sent", "check", "calm"),
    "done": Status("Done", "check", "over"),
    "closed": Status("Closed", "check", "over"),
    "alert": Status("Safety alert", "octagon", "safety"),
    # messages
    "owed": Status("Planned", "clock", "waiting"),
    "sending": Status("Sending", "half", "waiting"),
    "sent": Status("Sent", "check", "over"),
    "failed": Status("Not delivered", "triangle", "person"),
    "void": Status("No longer needed", "dash", "over"),
}


def status_of(key: str) -> Status:
    """The status of that key; an unknown one shows its own name as a word, so that nothing is hidden."""
    plain = key.replace("_", "-").lower()
    return STATUSES.get(plain) or Status(plain.replace("-", " ").capitalize(), "ring")
