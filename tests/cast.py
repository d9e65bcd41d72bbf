"""The cast of the tests: two sites, staff, patients at the steps of the path. Each function returns its rows."""

import itertools
from datetime import date, time, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from intake.models import (
    Clearance,
    Consent,
    ConsentDocument,
    Intake,
    OnCall,
    Patient,
    SeriesOrder,
    VitalSigns,
)
from pacificmind.accounts import reauth
from pacificmind.accounts.models import Clinician, Role, RoleGrant, User
from pacificmind.clinic.models import Site
from pacificmind.clock import now, today
from scheduling.models import Appointment, OpeningHours, Room, VisitType, WeeklyShift

_count = itertools.count(1)
ZONE = "America/Los_Angeles"
PASSWORD = "correct horse battery staple"


def site(slug: str = "la", name: str = "Los Angeles") -> Site:
    """A site in California, open every weekday from 8:00 to 18:00."""
    made, new = Site.objects.get_or_create(
        slug=slug, defaults={"name": name, "address": "1 Olive Street", "phone": "+12135550100", "zone": ZONE}
    )
    if new:
        OpeningHours.objects.bulk_create(
            OpeningHours(site=made, weekday=day, opens=time(8), closes=time(18)) for day in range(5)
        )
    return made


def other_site() -> Site:
    """The second site."""
    return site("lb", "Long Beach")


def room(at: Site | None = None, name: str = "", **extra: Any) -> Room:
    """A room with 15 minutes of turnover."""
    return Room.objects.create(site=at or site(), name=name or f"Room {next(_count)}", **extra)


def visit_types() -> None:
    """The kinds of visit with their lengths."""
    for kind, name, minutes, whole, online in [
        ("consultation", "Consultation", 60, True, True),
        ("infusion", "Infusion", 120, False, False),
        ("booster", "Booster", 120, False, False),
        ("follow_up", "Follow-up", 30, True, True),
    ]:
        VisitType.objects.get_or_create(
            kind=kind,
            defaults={"name": name, "minutes": minutes, "all_lanes": whole, "patient_may_book": online},
        )


@cache
def _hashed() -> str:
    """The password's hash, computed once: it is slow on purpose. By the product's way, whichever test asks first."""
    return make_password(PASSWORD, hasher="argon2")


def user(*roles: str, at: Site | None = None, email: str = "", name: str = "") -> User:
    """Somebody with these roles; front desk and clinicians at a site (Los Angeles unless told)."""
    n = next(_count)
    made = User.objects.create(email=email or f"person{n}@example.com", name=name or f"Person {n}", password=_hashed())
    for role in roles:
        needs_site = role in (Role.FRONT_DESK, Role.CLINICIAN)
        RoleGrant.objects.create(user=made, role=role, site=(at or site()) if needs_site else None)
    return made


def receptionist(at: Site | None = None) -> User:
    """Front desk of a site."""
    return user(Role.FRONT_DESK, at=at)


def confirmed(who: Clinician | User) -> reauth.Confirmed:
    """That it is they, confirmed by password at this moment: what a signed act takes."""
    return reauth.of_this_moment(who.user if isinstance(who, Clinician) else who, "password")


def manager() -> User:
    """A manager."""
    return user(Role.MANAGER)


def clinician(at: Site | None = None, *, prescriber: bool = False, lanes: int = 2, name: str = "") -> Clinician:
    """A clinician who attends infusions, on shift every weekday from 8:00 to 18:00 at the site."""
    place = at or site()
    made = Clinician.objects.create(
        user=user(Role.CLINICIAN, at=place, name=name), is_prescriber=prescriber, attends_infusions=True, lanes=lanes
    )
    WeeklyShift.objects.bulk_create(
        WeeklyShift(clinician=made, site=place, weekday=day, starts=time(8), ends=time(18)) for day in range(5)
    )
    return made


def prescriber(at: Site | None = None, *, lanes: int = 2, name: str = "") -> Clinician:
    """A clinician who decides, orders and signs."""
    return clinician(at, prescriber=True, lanes=lanes, name=name)


def on_call(who: Clinician, at: Site | None = None, *, days: int = 60) -> OnCall:
    """The clinician is on call for a site, from yesterday on."""
    start = now() - timedelta(days=1)
    return OnCall.objects.create(
        user=who.user, site=at or site(), starts_at=start, ends_at=start + timedelta(days=days)
    )


def patient(at: Site | None = None, *, account: bool = False, **extra: Any) -> Patient:
    """An active patient; with an account where asked."""
    n = next(_count)
    values: dict[str, Any] = {
        "given_name": "Ana",
        "family_name": f"Reyes{n}",
        "birth_on": date(1985, 4, 12),
        "phone": f"+1213555{n % 10000:04d}",
        "email": f"patient{n}@example.com",
        "site": at or site(),
        **extra,
    }
    owner = user(Role.PATIENT, email=values["email"]) if account else None
    return Patient.objects.create(user=owner, **values)


def consented(who: Patient) -> Patient:
    """The patient has signed the current treatment consent."""
    document, _ = ConsentDocument.objects.get_or_create(
        kind="treatment", version=1, defaults={"title": "Treatment", "text": "words", "sha256": "0" * 64}
    )
    Consent.objects.create(
        patient=who,
        document=document,
        sha256=document.sha256,
        typed_name=who.full_name,
        zone=ZONE,
        signed_by=who.user or user(Role.PATIENT),
    )
    return who


def submitted_intake(who: Patient, number: int = 1) -> Intake:
    """A submitted intake without answers."""
    return Intake.objects.create(patient=who, number=number, submitted_at=now())


def clearance(
    who: Patient, by: Clinician, *, days: int = 180, decision: str = "cleared", sites: list[Site] | None = None
) -> Clearance:
    """A decision in force from today for infusions and boosters at the patient's site."""
    start = today(who.site.zone)
    intake = Intake.objects.filter(patient=who, submitted_at__isnull=False).first() or submitted_intake(who)
    made = Clearance.objects.create(
        patient=who,
        intake=intake,
        decision=decision,
        visit_kinds=["infusion", "booster"],
        from_on=start - timedelta(days=365),
        until_on=start + timedelta(days=days),
        words="Some words" if decision == "not_cleared" else "",
        signed_by=by.user,
    )
    made.sites.set(sites or [who.site])
    return made


def ready_patient(
    by: Clinician, *, infusions: int = 6, per_week: int = 3, account: bool = False
) -> tuple[Patient, SeriesOrder]:
    """A patient with consent, clearance and an order: everything an infusion needs but the booking."""
    who = consented(patient(account=account))
    order = SeriesOrder.objects.create(
        clearance=clearance(who, by), infusions=infusions, per_week=per_week, ordered_by=by.user
    )
    return who, order


def measured(visit: Appointment, by: Clinician, **values: Any) -> VitalSigns:
    """Readings of this moment before an infusion, within every limit unless told."""
    found = {"systolic": 124, "diastolic": 78, "heart_rate": 70, "spo2": 98, "band": "ok", **values}
    return VitalSigns.objects.create(
        patient=visit.patient, site=visit.site, visit_id=visit.pk, phase="before", entered_by=by.user, **found
    )
