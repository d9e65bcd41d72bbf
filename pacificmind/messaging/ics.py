"""Calendar files: one visit, or all of somebody's, in words that say nothing about them (RFC 5545, 5546, 7986)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, Timezone, vCalAddress
from icalendar.prop import vDuration, vText

from pacificmind.clock import now
from pacificmind.messaging.registry import Attachment

SUMMARY = "Appointment"
CALENDAR_NAME = "Appointments"
READ_AGAIN = timedelta(hours=1)  # how often a calendar is asked to read the feed


@dataclass(frozen=True, slots=True)
class Entry:
    """A visit in a feed: `status` is TENTATIVE, CONFIRMED or CANCELLED, `stamped_at` never changes for one version."""

    uid: str
    sequence: int
    stamped_at: datetime
    starts_at: datetime
    ends_at: datetime
    zone: str
    location: str = ""
    status: str = "CONFIRMED"


def uid_of(visit_id: object) -> str:
    """The name of a visit in everybody's calendars; it stays when the visit moves."""
    return f"{visit_id}@pacificmind"


def sequence_of(version: int) -> int:
    """The revision a calendar reads for a version of a visit, in mails, files and feeds alike; the first is 0."""
    return version - 1


def invitation(
    uid: str,
    sequence: int,
    starts_at: datetime,
    ends_at: datetime,
    zone: str,
    summary: str = SUMMARY,
    location: str = "",
    status: str = "CONFIRMED",
    method: str = "REQUEST",
    attendee: str = "",
) -> bytes:
    """The file, with the zone's own rules in it, so that a calendar that does not know the zone shows the right hour.

    `sequence` grows with each version: a calendar keeps the highest. `method` is REQUEST or CANCEL, and CANCEL says
    STATUS:CANCELLED whatever `status` is. `attendee` is the e-mail address it goes to, where it is known.
    ValueError for another method, for naive instants, for an end before the start.
    """
    if method not in ("REQUEST", "CANCEL"):
        raise ValueError("method is REQUEST or CANCEL")
    event = _event(Entry(uid, sequence, now(), starts_at, ends_at, zone, location, status), summary)
    if method == "CANCEL":
        event["status"] = vText("CANCELLED")
    event.add("transp", "OPAQUE")
    organizer = vCalAddress(f"mailto:{_address()}")
    organizer.params["cn"] = vText(settings.CLINIC_NAME)
    event["organizer"] = organizer
    if attendee:
        guest = vCalAddress(f"mailto:{attendee}")
        guest.params["partstat"] = vText("ACCEPTED")
        guest.params["rsvp"] = vText("FALSE")
        event["attendee"] = guest
    return _file([event], method, first_year=starts_at.year, last_year=ends_at.year)


def feed(entries: Iterable[Entry], *, zone: str) -> bytes:
    """All entries as one calendar to subscribe to. The same entries make the same bytes, whenever they are read.

    `zone` names the clock of a feed without entries. ValueError as for `invitation`.
    """
    entries = list(entries)
    events = [_event(entry, SUMMARY) for entry in entries]
    for entry, event in zip(entries, events, strict=True):
        event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    years = [when.year for entry in entries for when in (entry.starts_at, entry.ends_at)] or [now().year]
    return _file(events, "PUBLISH", zone=zone, first_year=min(years), last_year=max(years))


def _event(entry: Entry, summary: str) -> Event:
    if entry.starts_at.tzinfo is None or entry.ends_at.tzinfo is None or entry.ends_at <= entry.starts_at:
        raise ValueError("a visit has two aware instants, in order")
    place = ZoneInfo(entry.zone)
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped_at)
    event.add("dtstart", _wall(entry.starts_at, place))
    event.add("dtend", _wall(entry.ends_at, place))
    event.add("summary", summary)
    if entry.location:
        event.add("location", entry.location)
    event.add("status", entry.status)
    event.add("class", "PRIVATE")
    return event


def _file(events: list[Event], method: str, *, first_year: int, last_year: int, zone: str = "") -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Pacific Mind//Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if method == "PUBLISH":
        calendar.add("name", CALENDAR_NAME)
        calendar.add("x-wr-calname", CALENDAR_NAME)
        calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(READ_AGAIN))
    for event in events:
        calendar.add_component(event)
    # The rules of the years around the visits are enough: all since 1970 are 4 KB. Two years back, because a reader
    # (dateutil) that overlooks the first change of clocks in a file must not stumble over the one of this visit.
    first_on, last_on = date(first_year - 2, 1, 1), date(last_year + 2, 1, 1)
    calendar.add_missing_timezones(first_date=first_on, last_date=last_on)
    if not events:  # a calendar has at least one component
        calendar.add_component(Timezone.from_tzid(zone, first_date=first_on, last_date=last_on))
    made: bytes = calendar.to_ical()
    return made


def attached(content: bytes, method: str = "REQUEST") -> Attachment:
    """The file as a mail carries it: its method stands in its type too, or calendars show a file and no buttons."""
    return Attachment("appointment.ics", content, f"text/calendar; charset=utf-8; method={method}")


def _wall(instant: datetime, place: ZoneInfo) -> datetime:
    """The wall time there; in UTC for the hour that repeats, whose second pass a wall time cannot name."""
    wall = instant.astimezone(place)
    return instant.astimezone(UTC) if wall.fold else wall


def _address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
