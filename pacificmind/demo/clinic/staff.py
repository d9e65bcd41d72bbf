"""The people who work here: every role at each site, their weeks, a leave and a closure."""

from dataclasses import dataclass
from datetime import time, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from pacificmind.accounts.models import Clinician, Role, RoleGrant, User
from pacificmind.demo.clinic.supply import LA, LB, Supply
from pacificmind.demo.clinic.walk import Days, instant
from scheduling.models import WeeklyShift
from scheduling.services import supply as supply_services

PASSWORD = "calm-harbor-demo-2026"  # noqa: S105  printed beside the demo log-ins; the demo alone knows it
MANAGER = "manager@pacificmind.example"
DESK, CARE = Role.FRONT_DESK, Role.CLINICIAN
# key, name, credentials, roles with their site, prescriber, lanes (0: attends no infusions)
STAFF = (
    ("manager", "Marisol Vega", "", [(Role.MANAGER, None)], False, None),
    ("desk-la", "Tanya Brooks", "", [(DESK, LA)], False, None),
    ("desk-lb", "Kevin Nakamura", "", [(DESK, LB)], False, None),
    ("okafor", "Dr. Amara Okafor", "MD", [(CARE, LA)], True, 0),
    ("reyes", "Dr. Daniel Reyes", "DO", [(CARE, LA)], True, 0),
    ("tran", "Dr. Linh Tran", "MD", [(CARE, LB)], True, 0),
    ("kim", "Grace Kim", "RN", [(CARE, LA)], False, 2),
    ("ortega", "Luis Ortega", "RN", [(CARE, LA)], False, 3),
    ("weiss", "Hannah Weiss", "RN", [(CARE, LB)], False, 2),
    ("delgado", "Rosa Delgado", "RN", [(CARE, LB), (DESK, LB)], False, 2),  # two roles
)
SHIFTS = {
    "okafor": [(LA, day, time(8), time(17)) for day in range(5)],
    "reyes": [(LA, day, time(9), time(18)) for day in (0, 2, 3, 4)],
    "tran": [(LB, day, time(8, 30), time(17)) for day in range(5)],
    "kim": [*((LA, day, time(8), time(18)) for day in range(5)), (LA, 5, time(9), time(13))],
    "ortega": [(LA, day, time(8), time(18)) for day in range(5)],
    "weiss": [(LB, day, time(8, 30), time(17)) for day in range(5)],
    "delgado": [(LB, day, time(8, 30), time(17)) for day in (0, 1, 2)],
}


@dataclass(frozen=True)
class Staff:
    """Everybody by key."""

    users: dict[str, User]
    clinicians: dict[str, Clinician]


def account(email: str, name: str, password_hash: str) -> User:
    """A user whose address is verified."""
    user = User.objects.create(email=email, name=name, password=password_hash)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def build(supply: Supply, password_hash: str) -> Staff:
    """Make accounts, roles, clinicians and their weekly shifts."""
    users, clinicians = {}, {}
    for key, name, credentials, roles, prescribes, lanes in STAFF:
        user = account(f"{key}@pacificmind.example", name, password_hash)
        for role, slug in roles:
            RoleGrant.objects.create(user=user, role=role, site=supply.sites[slug] if slug else None)
        users[key] = user
        if lanes is not None:
            clinicians[key] = Clinician.objects.create(
                user=user,
                credentials=credentials,
                is_prescriber=prescribes,
                attends_infusions=lanes > 0,
                lanes=max(lanes, 1),
            )
    WeeklyShift.objects.bulk_create(
        WeeklyShift(clinician=clinicians[key], site=supply.sites[slug], weekday=day, starts=starts, ends=ends)
        for key, shifts in SHIFTS.items()
        for slug, day, starts, ends in shifts
    )
    return Staff(users, clinicians)


def take_away(supply: Supply, staff: Staff, days: Days) -> None:
    """A leave in two weeks; a training afternoon at Long Beach next week. Before anything is booked."""
    manager = staff.users["manager"]
    away, training = days.monday(2), days.monday(1) + timedelta(days=1)
    supply_services.enter_leave(
        by=manager,
        clinician_id=staff.clinicians["reyes"].pk,
        starts_at=instant(away, time(8)),
        ends_at=instant(away, time(18)),
        reason="Conference",
    )
    supply_services.enter_closure(
        by=manager,
        site_id=supply.sites[LB].pk,
        room_id=None,
        starts_at=instant(training, time(13)),
        ends_at=instant(training, time(17)),
        reason="Staff training",
    )


def password_hash() -> str:
    """Of the one password, hashed once for all."""
    return make_password(PASSWORD)
