"""Sites, hours, rooms, visit types, settings, documents."""

from dataclasses import dataclass
from datetime import time

from django.core.management import call_command

from pacificmind.clinic.models import ClinicSettings, Site
from scheduling.models import OpeningHours, Room, VisitType
from scheduling.models.supply import Feature

LA, LB = "la", "lb"
SITES = (
    (LA, "Los Angeles", "4120 Larkspur Avenue, Suite 300, Los Angeles, CA 90027", "+12135550142"),
    (LB, "Long Beach", "215 Harbor Crest Drive, Floor 2, Long Beach, CA 90802", "+15625550117"),
)
HOURS = {
    LA: [*((day, time(8), time(18)) for day in range(5)), (5, time(9), time(13))],
    LB: [(day, time(8, 30), time(17)) for day in range(5)],
}
ROOMS = {LA: 4, LB: 2}  # infusion rooms
VISIT_TYPES = (
    ("consultation", "Consultation", 60, True, True),
    ("infusion", "Infusion", 120, False, False),
    ("booster", "Booster", 120, False, True),
    ("follow_up", "Follow-up", 30, True, True),
)
NEEDS = {"infusion": [Feature.MONITOR], "booster": [Feature.MONITOR]}


@dataclass(frozen=True)
class Supply:
    """What the staff work with."""

    sites: dict[str, Site]
    infusion_rooms: dict[str, list[Room]]
    consulting_rooms: dict[str, Room]


def build() -> Supply:
    """Make all of it."""
    ClinicSettings.objects.create(name="Pacific Mind Health", phone=SITES[0][3])
    sites = {
        slug: Site.objects.create(slug=slug, name=name, address=address, phone=phone)
        for slug, name, address, phone in SITES
    }
    OpeningHours.objects.bulk_create(
        OpeningHours(site=sites[slug], weekday=day, opens=opens, closes=closes)
        for slug, hours in HOURS.items()
        for day, opens, closes in hours
    )
    VisitType.objects.bulk_create(
        VisitType(
            kind=kind, name=name, minutes=minutes, all_lanes=whole, patient_may_book=online, needs=NEEDS.get(kind, [])
        )
        for kind, name, minutes, whole, online in VISIT_TYPES
    )
    call_command("publish_consents", verbosity=0)
    return Supply(
        sites=sites,
        infusion_rooms={
            slug: [
                Room.objects.create(site=sites[slug], name=f"Infusion {n}", features=_features(n))
                for n in range(1, count + 1)
            ]
            for slug, count in ROOMS.items()
        },
        consulting_rooms={
            slug: Room.objects.create(site=site, name="Consulting 1", for_infusions=False, turnover_minutes=0)
            for slug, site in sites.items()
        },
    )


def _features(number: int) -> list[str]:
    """Every infusion room has a monitor; the first is wide enough for a wheelchair, the last has a bed."""
    own = {1: Feature.WHEELCHAIR, 4: Feature.BED}.get(number, Feature.RECLINER)
    return [Feature.MONITOR, own]
