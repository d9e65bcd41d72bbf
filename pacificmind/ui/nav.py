"""The navigation as a table: who sees which link. A name that does not resolve is left out."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

VISITOR = "visitor"
SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: shown to users who have one of `roles`."""

    label: str
    url_name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A link as drawn. `current` is the value of aria-current, or empty."""

    label: str
    url: str
    current: str = ""


def _entry(label: str, url_name: str, *roles: str) -> Entry:
    return Entry(label, url_name, frozenset(roles))


ENTRIES: tuple[Entry, ...] = (
    _entry("Home", "patient-home", "patient"),
    _entry("Your visits", "patient-visits", "patient"),
    _entry("Messages", "patient-messages", "patient"),
    _entry("Safety plan", "safety-plan", "patient"),
    _entry("Who looked", "patient-who-looked", "patient"),
    _entry("Safety", "safety-board", "clinician", "prescriber"),
    _entry("Review", "review-queue", "clinician", "prescriber"),
    _entry("Inbox", "desk-inbox", "front_desk"),
    _entry("Calendar", "desk-calendar-today", "front_desk", "clinician", "manager"),
    _entry("Arrivals", "desk-arrivals-today", "front_desk", "clinician"),
    _entry("Series", "desk-series-list", "front_desk", "clinician"),
    _entry("Waitlist", "desk-waitlist", "front_desk"),
    _entry("Patients", "desk-patients", "front_desk", "clinician"),
    _entry("Tasks", "desk-tasks", "front_desk", "clinician", "prescriber", "manager"),
    _entry("Messages sent", "desk-ledger", "front_desk", "manager"),
    _entry("Texts", "desk-texts", "front_desk", "clinician"),
    _entry("State of messages", "manage-messages", "manager"),
    _entry("Reports", "manage-reports", "manager"),
    _entry("Clinic", "manage-settings", "manager"),
    _entry("Screening rules", "clinic-rules", "manager", "prescriber"),
    _entry("Staff", "manage-staff", "manager"),
    _entry("On call", "manage-on-call", "manager"),
    _entry("Who works when", "manage-week-today", "manager"),
    _entry("Record", "audit-log", "manager"),
    _entry("Opened records", "manage-openings", "manager"),
    _entry("Ask for a consultation", "request-consultation", VISITOR),
    _entry("Create an account", "account_signup", VISITOR),
    _entry("Sign in", "account_login", VISITOR),
    _entry("Your account", "mfa_index", SIGNED_IN),
)


def resolve(url_name: str) -> str:
    """The address of a url name, or an empty string where there is no such page (yet)."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def links_for(roles: frozenset[str], path: str) -> list[Link]:
    """The links a user with these roles sees on the page at `path`; at most one of them is the current one."""
    found = [(entry.label, resolve(entry.url_name)) for entry in ENTRIES if entry.roles & roles]
    reached = [(label, url) for label, url in found if url]
    # "/me/" leads to "/me/messages/" too: the longest address that leads here is where we are.
    here = max((url for _, url in reached if url != "/" and path.startswith(url)), key=len, default=path)
    return [Link(label, url, _current(url, here, path)) for label, url in reached]


def _current(url: str, here: str, path: str) -> str:
    if url != here:
        return ""
    return "page" if url == path else "true"
