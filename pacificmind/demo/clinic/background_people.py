"""The people of the rest of the calendar: accounts, records, intakes, consents."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.db.models import Model

from intake.models import (
    Answer,
    Consent,
    ContactConsent,
    Finding,
    Intake,
    Patient,
    Screening,
    SectionSaved,
)
from intake.queries.consents import current_document
from intake.services.own_record import EMAIL_WORDING
from pacificmind.accounts.models import Role, RoleGrant, User
from pacificmind.audit.models import Action, Entry
from pacificmind.clinic.models import Site
from pacificmind.clock import now
from pacificmind.demo.clinic.names import name

if TYPE_CHECKING:
    from pacificmind.demo.clinic.background import Course

AREAS = ("310", "424", "747", "818", "562", "714", "949")  # each with the hundred numbers that never ring
NO_PASSWORD = "!"  # noqa: S105  nobody signs in as them


def write_patients(site: Site, count: int, numbers: Iterator[int], *, accounts: bool) -> list[Patient]:
    """New people of a site, reachable by e-mail; with accounts where asked."""
    places = [next(numbers) for _ in range(count)]
    names = [name(place) for place in places]
    users: list[User | None] = [None] * count
    if accounts:
        made = User.objects.bulk_create(
            User(email=_email(*both), name=" ".join(both), password=NO_PASSWORD) for both in names
        )
        EmailAddress.objects.bulk_create(
            EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in made
        )
        RoleGrant.objects.bulk_create(RoleGrant(user=user, role=Role.PATIENT) for user in made)
        users = list(made)
    patients = Patient.objects.bulk_create(
        Patient(
            user=user,
            given_name=given,
            family_name=family,
            birth_on=date(1952 + place * 7 % 50, 1 + place * 5 % 12, 1 + place * 11 % 28),
            email=_email(given, family),
            phone=f"+1{AREAS[place // 100 % len(AREAS)]}55501{place % 100:02}",
            site=site,
            escort_name="Somebody at home",
            escort_phone="+12135550199",
        )
        for place, (given, family), user in zip(places, names, users, strict=True)
    )
    ContactConsent.objects.bulk_create(
        ContactConsent(patient=who, channel="email", given=True, wording=EMAIL_WORDING, source="about-you page")
        for who in patients
    )
    audit(Action.CREATE, "open a record", None, patients)
    return patients


def _email(given: str, family: str) -> str:
    return f"{given}.{family}@example.com".lower()


def write_intakes(patients: Sequence[Patient], courses: Sequence["Course"]) -> list[Intake]:
    """An ordinary intake for each, with the answers and findings of one that was really sent; and the consent."""
    pattern = Intake.objects.filter(submitted_at__isnull=False, patient__family_name="Osei").latest("submitted_at")
    sent = [past(course.seats[0].start - timedelta(days=9)) for course in courses]
    intakes = Intake.objects.bulk_create(
        Intake(patient=who, started_at=at, ruleset=pattern.ruleset) for who, at in zip(patients, sent, strict=True)
    )
    for intake, at in zip(intakes, sent, strict=True):
        intake.submitted_at = at  # written below: answers are never added to what was sent
    models: tuple[type[Model], ...] = (Answer, SectionSaved)
    for model in models:
        rows = list(model._default_manager.filter(intake=pattern).order_by("pk").values())
        for row in rows:
            del row["id"], row["intake_id"]
        model._default_manager.bulk_create(
            [model(**row | _asked_of(model, intake), intake=intake) for intake in intakes for row in rows],
            batch_size=1000,
        )
    Intake.objects.bulk_update(intakes, ["submitted_at"])
    _write_screenings(pattern, intakes)
    document = current_document("treatment")
    if document is not None:
        Consent.objects.bulk_create(
            Consent(
                patient=who,
                document=document,
                sha256=document.sha256,
                typed_name=who.full_name,
                zone=who.site.zone,
                signed_by=who.user,
                signed_at=at,
            )
            for who, at in zip(patients, sent, strict=True)
            if who.user is not None
        )
    return intakes


def _write_screenings(pattern: Intake, intakes: Sequence[Intake]) -> None:
    facts = pattern.screenings.get(current=True).facts
    runs = Screening.objects.bulk_create(
        Screening(intake=intake, cause="intake", ruleset=intake.ruleset, facts=facts, at=intake.submitted_at or now())
        for intake in intakes
    )
    rows = list(pattern.findings.values())
    for row in rows:
        del row["id"], row["screening_id"]
    Finding.objects.bulk_create((Finding(**row, screening=run) for run in runs for row in rows), batch_size=1000)


def _asked_of(model: type[Model], intake: Intake) -> dict[str, Any]:
    """Who answered and when."""
    if model is Answer:
        return {"answered_by_id": intake.patient.user_id, "answered_at": intake.submitted_at}
    return {"at": intake.submitted_at} if model is SectionSaved else {}


def audit(action: Action, what: str, by: User | None, subjects: Sequence[Any]) -> None:
    """One audit row for each subject."""
    Entry.objects.bulk_create(
        Entry(
            action=action,
            what=what,
            actor_id=by.pk if by else None,
            actor_roles=sorted(by.roles) if by else [],
            subject_type=one._meta.label_lower,
            subject_id=str(one.pk),
            patient_id=one.pk if isinstance(one, Patient) else one.patient_id,
        )
        for one in subjects
    )


def past(moment: datetime) -> datetime:
    """This moment, or now where it lies ahead."""
    return min(moment, now())
