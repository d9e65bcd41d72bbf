"""One of everything, at Los Angeles, for the authorization matrix."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.crypto import get_random_string
from psycopg2.extras import NumericRange

from intake.models import (
    BoosterOrder,
    Clearance,
    Condition,
    Consent,
    ConsentDocument,
    ConsultationRequest,
    Inquiry,
    Intake,
    OnCall,
    Patient,
    PatientQuestion,
    RecordOpening,
    RulesRevision,
    SafetyAlert,
    SeriesOrder,
    StaffResult,
    VitalSigns,
)
from pacificmind.accounts.models import Clinician
from pacificmind.clock import now, today
from pacificmind.messaging.models import InboundText, Letter, Message
from pacificmind.tasks.models import Task
from scheduling.models import Appointment, Closure, Leave, Offer, Repair, Room, Series, ShiftException, Waiting
from scheduling.services import booking, series
from tests import cast
from tests.calendar import weekday_at

NUMBERED = ("condition_id", "own_day")
NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")


@dataclass
class Objects:
    """Rows of one patient of Los Angeles, by what addresses call them."""

    patient: Patient
    prescriber: Clinician
    room: Room
    intake: Intake
    clearance: Clearance
    condition: Condition
    order: SeriesOrder
    booster: BoosterOrder
    series: Series
    visit: Appointment
    consultation: Appointment
    request: ConsultationRequest
    alert: SafetyAlert
    duty: OnCall
    message: Message
    task: Task
    staff: Clinician
    leave: Leave
    closure: Closure
    own_day: ShiftException
    consent: Consent
    question: PatientQuestion
    opening: RecordOpening
    vitals: VitalSigns
    result: StaffResult
    repair: Repair
    offer: Offer
    letter: Letter
    text: InboundText
    rules: RulesRevision

    def renew(self) -> None:
        """Nothing to put back: empty forms change little, and what they change does not matter to the next actor."""

    def by_name(self) -> dict[str, Any]:
        """The value of each parameter that addresses use."""
        return {
            "patient": self.patient.pk,
            "patient_id": self.patient.pk,
            "intake_id": self.intake.pk,
            "clearance_id": self.clearance.pk,
            "condition_id": self.condition.pk,
            "order_id": self.order.pk,
            "order": self.order.pk,
            "series": self.series.pk,
            "series_id": self.series.pk,
            "visit": self.visit.pk,
            "visit_id": self.visit.pk,
            "wish": self.request.pk,
            "alert_id": self.alert.pk,
            "duty": self.duty.duty,
            "message_id": self.message.pk,
            "text_id": self.text.pk,
            "letter_id": self.letter.pk,
            "task_id": self.task.pk,
            "pk": self.consent.pk,
            "waiting": self.offer.waiting_id,
            "repair": self.repair.pk,
            "offer": self.offer.pk,
            "inquiry": Inquiry.objects.filter(patient=self.patient).order_by("opens_at")[0].pk,
            "site": "la",
            "slug": "contact",
            "kind": "treatment",
            "day": today(cast.ZONE),
            "token": get_random_string(22),
            "person": self.staff.user.pk,
            "leave": self.leave.pk,
            "closure": self.closure.pk,
            "room": self.room.pk,
            "own_day": self.own_day.pk,
            "key": "none",
            "language": "en",
            "report": "rooms",
            "index": 0,
            "entry_id": self.vitals.pk,
            "number": self.rules.number,
            "question_id": self.question.pk,
            "consent_id": self.consent.pk,
            "version": 1,
            "opening_id": self.opening.pk,
        }

    def values(self, name: str, wanted: tuple[str, ...]) -> dict[str, Any]:
        """The parameters of one address."""
        special: dict[str, dict[str, Any]] = {
            "booster-reevaluate": {"order_id": self.booster.pk},
            "manage-visit-type": {"kind": "infusion"},
            "manage-words-of": {"key": "papers"},
            "manage-words-return": {"key": "papers"},
            "result-void": {"entry_id": self.result.pk},
        }
        return {key: {**self.by_name(), **special.get(name, {})}[key] for key in wanted}

    def is_scoped(self, name: str, wanted: tuple[str, ...]) -> bool:
        """Whether the address names something that belongs to a patient or a site."""
        return any(self.is_id(key) or key == "site" for key in wanted)

    def is_id(self, key: str) -> bool:
        """Whether a parameter names a row."""
        return isinstance(self.by_name()[key], uuid.UUID) or key in NUMBERED

    def nobody(self, key: str) -> Any:
        """An id that no row has."""
        return 999_999_999 if key in NUMBERED else NOBODY


def make_objects() -> Objects:
    """Make one of everything."""
    cast.visit_types()
    room, doctor, desk = cast.room(), cast.prescriber(lanes=4), cast.receptionist()
    patient, order = cast.ready_patient(doctor, account=True)
    clearance = order.clearance
    slots = [series.Slot(weekday_at(9, weekday=day), room.pk, doctor.pk) for day in (0, 2, 4)]
    run = series.lay_out(by=desk, order_id=order.pk, site_id="la", slots=slots)
    wish = booking.Wish(patient_id=patient.pk, kind="consultation", site_id="la", starts_at=weekday_at(14))
    consultation = booking.book(by=desk, wish=wish)
    request = ConsultationRequest.objects.create(
        site=cast.site(), given_name="Ana", family_name="Reyes", phone="+12135550133", reason="long text"
    )
    alert = SafetyAlert.objects.create(
        patient=patient, site=cast.site(), tier="URGENT-1", trigger="phq9-item9", acknowledge_by=now()
    )
    task = Task.objects.create(
        kind="patient-call", subject_type="intake.patient", subject_id=patient.pk, queue="front_desk",
        site=cast.site(), due_at=now() + timedelta(hours=1),
    )  # fmt: skip
    booster = BoosterOrder.objects.create(
        patient=patient, clearance=clearance, until_on=today(cast.ZONE) + timedelta(days=200), ordered_by=doctor.user
    )
    staff = cast.clinician()
    first = run.visits.order_by("starts_at")[0]
    return Objects(
        patient=patient,
        prescriber=doctor,
        room=room,
        intake=clearance.intake,
        clearance=clearance,
        condition=Condition.objects.create(clearance=clearance, kind="ecg", met_at=now(), met_by=doctor.user),
        order=order,
        booster=booster,
        series=run,
        visit=first,
        consultation=consultation,
        request=request,
        alert=alert,
        duty=cast.on_call(doctor),
        message=Message.objects.filter(subject_id=consultation.pk).order_by("pk")[0],
        task=task,
        text=InboundText.objects.create(
            provider_reference="SM1",
            phone="+12135550133",
            kind="words",
            words="late",
            patient_id=patient.pk,
            site_id="la",
        ),
        letter=Letter.objects.create(
            patient_id=patient.pk, kind="note", about_type="x", about_id=patient.pk, title="A note", body="Some words."
        ),
        staff=staff,
        leave=Leave.objects.create(clinician=staff, starts_at=weekday_at(8, weeks=9), ends_at=weekday_at(9, weeks=9)),
        closure=Closure.objects.create(
            site=cast.site(), starts_at=weekday_at(8, weeks=9), ends_at=weekday_at(9, weeks=9), reason="Training"
        ),
        own_day=ShiftException.objects.create(clinician=staff, site=cast.site(), on=weekday_at(8, weeks=9).date()),
        offer=Offer.objects.create(
            waiting=Waiting.objects.create(patient=patient, visit=consultation, site=cast.site()),
            clinician=staff,
            lanes=NumericRange(0, 2),
            starts_at=weekday_at(8),
            ends_at=weekday_at(9),
            token_hash="0" * 64,
            expires_at=now() + timedelta(hours=2),
        ),
        repair=Repair.objects.create(
            cause="room", site=cast.site(), made_by=desk, leaves_at=now() + timedelta(minutes=3)
        ),
        question=PatientQuestion.objects.create(
            patient=patient, intake=clearance.intake, text="Since when?", asked_by=doctor.user
        ),
        opening=RecordOpening.objects.create(
            user=doctor.user,
            patient=patient,
            why="cover",
            reason="Cover for a colleague",
            until=now() + timedelta(hours=1),
        ),
        vitals=cast.measured(first, doctor),
        result=StaffResult.objects.create(
            patient=patient,
            site=cast.site(),
            kind="ecg",
            result="normal",
            done_on=today(cast.ZONE),
            done_by="Kim",
            entered_by=doctor.user,
        ),
        rules=RulesRevision.objects.create(
            number=1, base="shipped", why="As agreed.", made_by=cast.manager(), effective_at=now()
        ),
        consent=Consent.objects.get(patient=patient, document__kind=ConsentDocument.Kind.TREATMENT),
    )
