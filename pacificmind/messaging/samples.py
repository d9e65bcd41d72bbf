"""Made-up values for a preview: long ones, so that a text which fits here fits everybody. Pure."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pacificmind.messaging.catalogue import Script
from pacificmind.messaging.kinds import KINDS
from pacificmind.messaging.said import About, Ahead, Day, Moment, NearMoment, Phrase
from pacificmind.messaging.written import Around, Writer

_ZONE = ZoneInfo("America/Los_Angeles")
_AT = datetime(2027, 9, 29, 19, 30, tzinfo=UTC)  # a Wednesday in September: among the longest in both languages
_TOKEN = "x" * 43
NAME = "Alejandra"
_WAS = {
    "visit-moved": About("no_longer", Moment(_AT.replace(day=28), _ZONE)),
    "visit-changed": About("no_longer", Moment(_AT.replace(day=28), _ZONE)),
    "visits-changed": About("no_longer", Moment(_AT.replace(day=28), _ZONE)),
    "visit-stays": Phrase("other_person"),
    "visits-stay": Phrase("time_stays"),
    "visits-added": Phrase("new_one"),
    "visit-added": Phrase("new_one"),
}


def values(key: str) -> dict[str, Any]:
    """One value for each placeholder of a kind."""
    several = key == "series-booked" or key.startswith("visits-")
    visits: list[dict[str, Any]] = [
        {"when": Moment(_AT, _ZONE), "where": "Los Angeles, 1200 Wilshire Boulevard, Los Angeles, CA 90017"}
    ]
    if key in _WAS:
        visits[0]["was"] = _WAS[key]
    if key.endswith("-held"):
        visits[0]["where"] = Phrase("held")
    if several:
        visits.append({"when": Moment(_AT.replace(day=30), _ZONE), "where": Phrase("held")})
    found: dict[str, Any] = {
        "visits": visits,
        "prepare": Phrase("prepare"),
        "days": Ahead(3),
        "when": NearMoment(_AT, _ZONE, 3),
        "confirm": Phrase("confirm"),
        "until": Day(_AT.date(), 2027) if key == "claim" else Moment(_AT, _ZONE),
        "hours": 24,
        "how": Phrase("by_sms"),
        "site": "Los Angeles",
        "address": "1200 Wilshire Boulevard, Los Angeles, CA 90017",
        "path": f"/earlier/{_TOKEN}/" if key == "earlier-time" else "/home/",
    }
    if "questions" in (KINDS[key].mail or ()):
        found |= {"answer_path": f"/answers/{_TOKEN}/", "asks": True}
    return found


def writer(script: Script, *, clinic: str, phone: str, hours: str, base: str) -> Writer:
    """Writes a script as a made-up patient would get it."""
    return Writer(script, values(script.key), Around(NAME, clinic, phone, hours, base))
