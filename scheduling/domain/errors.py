"""Why a booking is refused, in words for the front desk and in words for the patient.

A friendly check and the database constraint that backs it raise the same class, so that every door says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from scheduling.domain.protocol import Violation

ASK_THE_CLINICIAN = "Ask the clinician."
ASK_THE_FRONT_DESK = "We cannot book this online. Please ask the front desk; they will find a time with you."


class BookingRefused(Exception):
    """A booking that the law or the calendar does not allow. Nothing was saved.

    `code` is stable and safe in URLs and logs, `say` is for the front desk, `say_patient` for the patient.
    `overridable`: staff may book it all the same, with a reason that is kept.
    """

    code: ClassVar[str] = "refused"
    overridable: ClassVar[bool] = False
    default_say: ClassVar[str] = "This visit cannot be booked as it is."
    default_say_patient: ClassVar[str] = ASK_THE_FRONT_DESK

    def __init__(self, say: str = "", *, say_patient: str = "") -> None:
        self.say = say or self.default_say
        self.say_patient = say_patient or self.default_say_patient
        super().__init__(self.say)


class SlotTaken(BookingRefused):
    """The room or the clinician is no longer free."""

    code = "slot-taken"
    default_say = "The room or the clinician is taken at this time. Choose one of the times nearest to it."
    default_say_patient = "Someone else has just taken this time. Please choose another one below."


class PatientBusy(BookingRefused):
    """The patient is somewhere else then, at either site."""

    code = "patient-busy"
    default_say = "The patient already has a visit at this time, here or at the other site."
    default_say_patient = "You already have a visit at this time. Please choose another one below."


class TooManyInWeek(BookingRefused):
    """P2: a fourth infusion in seven days."""

    code = "too-many-in-week"
    default_say = "This would be the fourth infusion in 7 days; 3 is the most (P2). Choose an earlier or a later day."
    default_say_patient = "You already have three visits in the seven days around this one. Please choose another day."


class NoClearDay(BookingRefused):
    """P3: too few clear days to the infusion before or after."""

    code = "no-clear-day"
    default_say = "There must be a clear day between two infusions (P3). Choose an earlier or a later day."
    default_say_patient = "This is too close to another of your visits. Please choose another day."


class SeriesFull(BookingRefused):
    """P1: the series has all that was ordered, or 8."""

    code = "series-full"
    default_say = "This series already has every infusion that was ordered (P1). Another one needs a new order."
    default_say_patient = "All visits of this series are already booked. Your clinician can tell you what comes next."


class NotCleared(BookingRefused):
    """P6. Says no more than `SafetyHold`: the front desk never learns which of the two it is."""

    code = "ask-the-clinician"
    default_say = ASK_THE_CLINICIAN
    default_say_patient = "We need to look at something with you before this visit. The clinic will contact you."


class SafetyHold(BookingRefused):
    """P7. The same code and the same words as `NotCleared`."""

    code = NotCleared.code
    default_say = NotCleared.default_say
    default_say_patient = NotCleared.default_say_patient


class ReviewNeeded(BookingRefused):
    """P8, P9: a clinician's review comes first."""

    code = "review-needed"
    default_say = "A clinician reviews the series before this visit. Ask the clinician."
    default_say_patient = "Your clinician would like to look at how it is going first. The clinic will contact you."


class OutsideHours(BookingRefused):
    """The site or the clinician does not work then."""

    code = "outside-hours"
    overridable = True
    default_say = "The site or the clinician does not work at this time. Choose a time inside the hours."
    default_say_patient = "We are not open at this time. Please choose another one below."


class NobodyThere(OutsideHours):
    """A closure, a leave, or a day on which nobody who could take the visit works at the site."""

    code = "nobody-there"
    overridable = False
    default_say = "The site is closed then, or nobody who could take this visit is there. Choose another time."


class TooFarAhead(OutsideHours):
    """The start lies beyond the days for which this kind of visit is booked."""

    code = "too-far-ahead"
    overridable = False
    default_say = "This is further ahead than this kind of visit is booked. Choose an earlier day."
    default_say_patient = "We do not book that far ahead yet. Please choose an earlier day."


class TooShortNotice(BookingRefused):
    """The start lies before now plus the notice."""

    code = "too-short-notice"
    overridable = True
    default_say = "This start is closer than the notice this visit needs. Choose a later time."
    default_say_patient = "This is too soon to book online. Please choose a later time, or call us."


class InThePast(TooShortNotice):
    """The start has passed."""

    code = "in-the-past"
    overridable = False
    default_say = "This time lies in the past. Choose a later one."


class HasOne(BookingRefused):
    """A patient books one consultation at a time."""

    code = "has-consultation"
    default_say = "The patient has a consultation booked already. Move it instead."
    default_say_patient = "You have a consultation booked already. You can move it to another time."


class NotBookedByDesk(BookingRefused):
    """A kind of visit that the clinic keeps for clinicians to book."""

    code = "not-booked-by-desk"
    default_say = "This kind of visit is booked by a clinician. Ask one who works here."


class NonexistentTime(BookingRefused):
    """A wall time that the clocks skip in spring (RELIABILITY M16)."""

    code = "nonexistent-time"
    default_say = "This time does not exist: the clocks go forward that night. Choose an earlier or a later time."
    default_say_patient = "This time does not exist: the clocks go forward that night. Please choose another one."


class Busy(BookingRefused):
    """The locks could not be had in time. Trying again is safe."""

    code = "busy"
    default_say = "Someone else is changing this calendar right now. Nothing was saved; try again in a moment."
    default_say_patient = "Many people are booking right now. Nothing was changed. Please try again in a moment."


class Stale(BookingRefused):
    """The visit was changed by someone else since the page was opened."""

    code = "stale"
    default_say = "Someone else changed this visit meanwhile. Look at it as it is now, then decide again."
    default_say_patient = "This visit has changed since you opened the page. Please look at it again."


class RequestReused(BookingRefused):
    """The same request id came with other content."""

    code = "request-reused"
    default_say = "This form was already sent with other content. Open it again and send it once."
    default_say_patient = "This page was already used. Please open it again."


class ProtocolViolation(BookingRefused):
    """One or more rules of the protocol (DESIGN.md 4) are broken; `violations` says which, with their days."""

    code = "protocol"
    default_say = "This does not fit the protocol. Choose another day."
    default_say_patient = "This day does not fit your treatment plan. Please choose another one, or ask the front desk."

    def __init__(self, violations: Sequence[Violation] = (), *, say_patient: str = "") -> None:
        self.violations = tuple(violations)
        super().__init__(" ".join(violation.say for violation in violations), say_patient=say_patient)


#: The name of each constraint of the database's law, and the error that says the same in words.
CONSTRAINTS: dict[str, type[BookingRefused]] = {
    "one_patient_per_room": SlotTaken,
    "clinician_lanes_are_not_double_booked": SlotTaken,
    "patient_is_in_one_place": PatientBusy,
    "series_numbers_are_distinct": SeriesFull,
    "series_number_is_1_to_8": SeriesFull,
    "a_clear_day_between_infusions": NoClearDay,
    "at_most_3_infusions_in_7_days": TooManyInWeek,
}


def refusal_of(constraint: str | None) -> BookingRefused | None:
    """The error for a violated constraint's name, or None when it is not one of ours."""
    found = CONSTRAINTS.get(constraint or "")
    return found() if found else None
