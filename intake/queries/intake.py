"""Reading a patient's intake: where it stands, what is left, what was answered."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from intake.facts import values_of
from intake.models import Answer, Intake, Patient, SectionSaved
from intake.sections import Section, visible


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the intake as the patient sees it on the overview."""

    section: Section
    saved_at: datetime | None
    begun: bool

    @property
    def done(self) -> bool:
        """Whether every question of it has been answered or declined, and it was saved so."""
        return self.saved_at is not None

    @property
    def url(self) -> str:
        """Its page."""
        return section_url(self.section)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an intake stands."""

    parts: tuple[Part, ...]

    @property
    def done(self) -> int:
        """How many parts are done."""
        return sum(part.done for part in self.parts)

    @property
    def missing(self) -> tuple[Part, ...]:
        """What is left to answer."""
        return tuple(part for part in self.parts if not part.done)

    @property
    def complete(self) -> bool:
        """Whether it can be sent."""
        return not self.missing

    @property
    def minutes_left(self) -> int:
        """About how long the rest takes."""
        return math.ceil(sum(part.section.minutes for part in self.missing))

    @property
    def next_url(self) -> str:
        """The first part that is not done, or the page that sends the intake."""
        return self.missing[0].url if self.missing else reverse("intake-check")

    def number_of(self, section: Section) -> int:
        """Which part this is, from 1; the last one for a part that is not asked now."""
        return next((n for n, part in enumerate(self.parts, 1) if part.section.slug == section.slug), len(self.parts))

    def after(self, section: Section) -> str:
        """The page after this part: the next one not done behind it, else the first one not done, else the check."""
        later = [part for part in self.parts[self.number_of(section) :] if not part.done]
        return later[0].url if later else self.next_url


@dataclass(frozen=True, slots=True)
class IntakeStep:
    """What a patient does next about the intake: kind is `start`, `continue`, `send` or `sent`."""

    kind: str
    label: str
    minutes: int
    url: str


def section_url(section: Section) -> str:
    """The page of a part; that of item 9 has an address of its own."""
    return reverse("intake-item9") if section.alone else reverse("intake-section", args=[section.slug])


def open_intake(patient_id: uuid.UUID) -> Intake | None:
    """The version being answered, if there is one."""
    return Intake.objects.filter(patient_id=patient_id, submitted_at__isnull=True).first()


def latest_intake(patient_id: uuid.UUID) -> Intake | None:
    """The newest version, sent or not."""
    return Intake.objects.filter(patient_id=patient_id).order_by("-number").first()


def latest_submitted(patient_id: uuid.UUID) -> Intake | None:
    """The newest version that was sent."""
    return Intake.objects.filter(patient_id=patient_id, submitted_at__isnull=False).order_by("-number").first()


def answers_of(intake: Intake | None) -> dict[str, Answer]:
    """Answers by item, in the order they were first given."""
    return {} if intake is None else {row.item: row for row in intake.answers.order_by("pk")}


def progress(intake: Intake | None, values: Mapping[str, Any] | None = None) -> Progress:
    """Which parts are asked and which are done. None is an intake that nobody has begun."""
    if intake is None:
        return Progress(tuple(Part(part, None, begun=False) for part in visible({})))
    told = values_of(intake.answers.order_by("pk")) if values is None else values
    saved = dict(SectionSaved.objects.filter(intake=intake).values_list("section", "at"))
    return Progress(
        tuple(
            Part(part, saved.get(part.slug), begun=any(item.id in told for item in part.items))
            for part in visible(told)
        )
    )


def next_intake_step(patient: Patient) -> IntakeStep:
    """The patient's next step about the intake, for their home page."""
    newest = latest_intake(patient.pk)
    if newest is not None and newest.submitted_at is not None:
        return IntakeStep("sent", "Read your answers", 0, reverse("intake-done"))
    where = progress(newest)
    if newest is None or not (where.done or any(part.begun for part in where.parts)):
        return IntakeStep("start", "Begin your questions", where.minutes_left, reverse("intake-home"))
    if where.complete:
        return IntakeStep("send", "Check and send your answers", 1, reverse("intake-check"))
    label = f"Go on with part {where.number_of(where.missing[0].section)} of {len(where.parts)}"
    return IntakeStep("continue", label, where.minutes_left, where.next_url)


def last_saved_at(intake: Intake | None) -> datetime | None:
    """When anything was last saved in it."""
    if intake is None:
        return None
    return intake.answers.order_by("-answered_at").values_list("answered_at", flat=True).first()
