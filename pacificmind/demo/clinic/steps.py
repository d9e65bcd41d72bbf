"""The steps of the path as verbs, each through the service that the pages use, each at its own moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F

from intake.consents import access_code, statements
from intake.domain.decisions import BoosterAsked, SeriesOrderAsked
from intake.models import Clearance, Intake, Patient
from intake.queries.consents import current_document
from intake.services import clearance as clearance_services
from intake.services import consents, own_record
from pacificmind.accounts import reauth
from pacificmind.accounts.models import Role, RoleGrant, User
from pacificmind.demo.clinic import answers
from pacificmind.demo.clinic.staff import Staff, account
from pacificmind.demo.clinic.supply import LA, LB, Supply
from pacificmind.demo.clinic.walk import Days, at, instant
from pacificmind.messaging.models import Message
from pacificmind.messaging.models import Status as Sending
from scheduling.domain.slots import FreeStart
from scheduling.models import Appointment, Kind
from scheduling.queries import calendar
from scheduling.services import booking, door

SIGNED = ("electronic", "treatment", "telehealth")
MORNING, NOON, EVENING = time(9), time(12), time(17)


@dataclass(frozen=True)
class Clinic:
    """The stage: supply, staff, days, and the one password's hash."""

    supply: Supply
    staff: Staff
    days: Days
    password_hash: str

    def user(self, key: str) -> User:
        """Somebody of the staff."""
        return self.staff.users[key]

    def prescriber(self, slug: str) -> User:
        """Who decides at a site."""
        return self.user("okafor" if slug == LA else "tran")

    def nurse(self, slug: str) -> User:
        """Who attends at a site."""
        return self.user("kim" if slug == LA else "weiss")

    def desk(self, slug: str) -> User:
        """The front desk of a site."""
        return self.user(f"desk-{slug}")

    def back(self, weekdays: int, wall: time = MORNING) -> datetime:
        """A moment so many weekdays ago."""
        return instant(self.days.work(-weekdays), wall)


@dataclass(frozen=True, kw_only=True)
class Person:
    """A patient to be."""

    given: str
    family: str
    born: date
    site: str = LA
    phone: str = ""  # one of their own, unless told

    @property
    def email(self) -> str:
        """Their address."""
        return f"{self.given}.{self.family}@example.com".lower().replace(" ", "").replace("'", "")


def sign_up(clinic: Clinic, person: Person) -> User:
    """An account with a verified address, and nothing else."""
    user = account(person.email, f"{person.given} {person.family}", clinic.password_hash)
    RoleGrant.objects.create(user=user, role=Role.PATIENT)
    return user


def open_record(clinic: Clinic, person: Person, when: datetime) -> Patient:
    """An account, and the record opened by its owner."""
    with at(when):
        about = own_record.About(
            given_name=person.given,
            family_name=person.family,
            birth_on=person.born,
            phone=person.phone or _own_phone(person.site),
            site_id=person.site,
        )
        channels = own_record.Channels(email=True, sms=False)
        return own_record.open_record(by=sign_up(clinic, person), about=about, channels=channels)


def _own_phone(site: str) -> str:
    """A number that nobody else has and that never rings: 555-0100 to 0199 are kept for stories."""
    return f"+1{'323' if site == LA else '657'}55501{Patient.objects.filter(site=site).count():02}"


def owner(patient: Patient) -> User:
    """The patient's own account."""
    if patient.user is None:
        raise ObjectDoesNotExist("this patient has no account")
    return patient.user


def sign_documents(patient: Patient) -> None:
    """Sign what treatment and a video visit ask for."""
    for kind in SIGNED:
        if document := current_document(kind):
            consents.sign_consent(
                by=owner(patient),
                patient=patient,
                kind=kind,
                sha256=document.sha256,
                typed_name=patient.full_name,
                agreed=statements(document.text),
                code=access_code(document.sha256),
                device=consents.Device(auth_method="password"),
            )


def nearest_free(patient: Patient, kind: str, day: date, wall: time, *, telehealth: bool = False) -> FreeStart:
    """The free start of that day closest to a wall time. Raises ValueError on a day without any."""
    starts = calendar.free_starts(
        patient.site,
        kind,
        from_day=day,
        until_day=day + timedelta(days=1),
        patient_id=patient.pk,
        telehealth=telehealth,
    )
    wanted = instant(day, wall)
    return min(starts, key=lambda one: (abs(one.start - wanted), one.start))


def book_talk(
    patient: Patient, day: date, wall: time, *, by: User, telehealth: bool = False, kind: str = Kind.CONSULTATION
) -> Appointment:
    """Book a consultation or follow-up as near as can be to a wall time."""
    found = nearest_free(patient, kind, day, wall, telehealth=telehealth)
    wish = booking.Wish(
        patient_id=patient.pk,
        kind=kind,
        site_id=patient.site_id,
        starts_at=found.start,
        telehealth=telehealth,
        patient_state="CA" if telehealth else "",
        fallback_phone=str(patient.phone) if telehealth else "",
    )
    return booking.book(by=by, wish=wish)


def hold_talk(clinic: Clinic, visit: Appointment) -> None:
    """The talk takes place."""
    mail_leaves(visit.starts_at)
    with at(visit.ends_at):
        door.fulfil(by=clinic.prescriber(visit.site_id), visit_id=visit.pk, version=visit.version)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a prescriber signs: how many infusions, how often, for how long; boosters after them."""

    infusions: int = 6
    per_week: int = 2
    weeks: int = 26
    booster_after: int = 0  # days; 0 orders none
    note: str = "History, examination and records reviewed with the patient; alternatives discussed."
    conditions: Sequence[Any] = ()


def decide(clinic: Clinic, patient: Patient, what: Decided, when: datetime) -> Clearance:
    """Sign the decision on the intake that was sent."""
    with at(when):
        until_on = clinic.days.today + timedelta(weeks=what.weeks)
        booster = BoosterAsked(until_on=until_on, after_days=what.booster_after) if what.booster_after else None
        signer = clinic.prescriber(patient.site_id)
        return clearance_services.sign_decision(
            by=signer,
            signed=reauth.of_this_moment(signer, "password"),
            intake=Intake.objects.filter(patient=patient).latest("number"),
            decision="cleared_with_conditions" if what.conditions else "cleared",
            conditions=what.conditions,
            sites=[LA, LB],
            visit_kinds=["infusion", "booster"],
            until_on=until_on,
            note=what.note,
            order=SeriesOrderAsked(infusions=what.infusions, per_week=what.per_week) if what.infusions else None,
            booster=booster,
        )


def come_to_be_cleared(
    clinic: Clinic, person: Person, what: Decided, first: date, told: answers.Told = answers.PLAIN
) -> Patient:
    """From the account to the decision, in the two weeks before the day `first`."""
    before = Days(first)
    patient = open_record(clinic, person, instant(before.work(-9), MORNING))
    with at(instant(before.work(-8), EVENING)):
        answers.send_at_once(patient, told, by=owner(patient))
        sign_documents(patient)
    with at(instant(before.work(-8), time(18))):
        talk = book_talk(patient, before.work(-5), NOON, by=owner(patient), telehealth=True)
    hold_talk(clinic, talk)
    decide(clinic, patient, what, talk.ends_at + timedelta(minutes=20))
    return patient


def mail_leaves(until: datetime) -> None:
    """What was owed in the lived past counts as sent; otherwise the first minute would send weeks of old mail."""
    owed = Message.objects.filter(status=Sending.OWED, due_at__lte=until)
    owed.update(status=Sending.SENT, done_at=F("due_at"), tries=1, why="Sent before today: it is not in the mailbox.")
