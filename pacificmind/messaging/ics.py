"""Calendar files: one visit, in words that say nothing about it (RFC 5545, RFC 5546)."""

from datetime import UTC, date, datetime
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress
from icalendar.prop import vText

from pacificmind.clock import now
from pacificmind.messaging.registry import Attachment

SUMMARY = "Appointment"


def uid_of(visit_id: object) -> str:
    """The name of a visit in everybody's calendars; it stays when the visit moves."""
    return f"{visit_id}@pacificmind"


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
    if starts_at.tzinfo is None or ends_at.tzinfo is None or ends_at <= starts_at:
        raise ValueError("a visit has two aware instants, in order")
    place = ZoneInfo(zone)
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", now())
    event.add("dtstart", _wall(starts_at, place))
    event.add("dtend", _wall(ends_at, place))
    event.add("summary", summary)
    if location:
        event.add("location", location)
    event.add("status", "CANCELLED" if method == "CANCEL" else status)
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    organizer = vCalAddress(f"mailto:{_address()}")
    organizer.params["cn"] = vText(settings.CLINIC_NAME)
    event["organizer"] = organizer
    if attendee:
        guest = vCalAddress(f"mailto:{attendee}")
        guest.params["partstat"] = vText("ACCEPTED")
        guest.params["rsvp"] = vText("FALSE")
        event["attendee"] = guest
    calendar = Calendar()
    calendar.add("prodid", "-//Pacific Mind//Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    # The rules of the years around the visit are enough: all since 1970 are 4 KB. Two years back, because a reader
    # (dateutil) that overlooks the first change of clocks in a file must not stumble over the one of this visit.
    calendar.add_missing_timezones(first_date=date(starts_at.year - 2, 1, 1), last_date=date(ends_at.year + 2, 1, 1))
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
