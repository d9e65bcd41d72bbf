"""The one next step of a patient: each question in turn, the first that has something to say."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse

from intake.models import BoosterOrder, Clearance, ConsultationRequest, Patient
from intake.queries import inquiries, standing
from intake.queries.questions import waiting
from intake.queries.reevaluations import looks_in_favour
from pacificmind.clock import now
from pacificmind.tasks.models import Kind as TaskKind
from pacificmind.tasks.models import Task
from pacificmind.ui.dates import local
from scheduling.models import Appointment, Status
from scheduling.models.appointment import TREATMENTS
from scheduling.queries.patient_known import HERE, Known, visit_url, visit_words, when

SOON = timedelta(hours=2)  # before a visit, nothing else is the next step
ABOUT_MINUTES, CHOOSE_MINUTES, CONSENT_MINUTES, ASKED_MINUTES, READY_MINUTES, CHECK_IN_MINUTES = 3, 2, 10, 3, 5, 4
OPEN_REQUEST = (ConsultationRequest.Status.NEW, ConsultationRequest.Status.TRYING)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, or what the patient can expect. Without a `url` there is nothing to do."""

    kind: str
    title: str
    text: str = ""
    url: str = ""
    label: str = ""
    minutes: int | None = None
    quote: str = ""


def next_step(known: Known | None) -> Step:
    """The one next step; without a record, to tell us who they are. Never says whether a treatment will be given."""
    if known is None:
        text = "So that we know who you are and how to reach you."
        return Step("about", "Tell us about you", text, reverse("patient-about"), "Tell us about you", ABOUT_MINUTES)
    if known.patient.status != Patient.Status.ACTIVE:
        return Step("closed", "Call us when you need us", "Your record rests at present. We open it again with you.")
    questions = (
        _get_ready, _now_on, _choose, _questions, _asked, _more, _before_visit, _how_are_you, _reading,
        _after_decision, _later_visit,
    )  # fmt: skip
    return next((step for question in questions if (step := question(known)) is not None), _nothing(known))


def _now_on(known: Known) -> Step | None:
    visit = known.next_booked
    if visit is None or (visit.starts_at - now() > SOON and visit.status not in HERE):
        return None
    return _visit_step(visit, "Your visit is today" if visit.starts_at > now() else "Your visit is now")


def _visit_step(visit: Appointment, title: str) -> Step:
    return Step("visit", title, f"{visit_words(visit)}: {when(visit)}.", visit_url(visit), "See your visit")


def _get_ready(known: Known) -> Step | None:
    """What is asked before the next treatment, once it is open: also on the day itself, until they are here."""
    visit = known.next_booked
    if visit is None or visit.kind not in TREATMENTS or visit.status in HERE or visit.starts_at <= now():
        return None
    asked = inquiries.of_visit(visit.pk, visit.version)
    if asked is None or not inquiries.is_open(asked):
        return None
    text = "Some questions that keep you safe, so that your visit can go ahead."
    url, label = reverse("own-inquiry", args=[asked.pk]), "Get ready"
    return Step("ready", "Get ready for your visit", f"{when(visit)}. {text}", url, label, READY_MINUTES)


def _how_are_you(known: Known) -> Step | None:
    """A check-in that can be answered now."""
    if not _treated(known) or (asked := inquiries.check_in_open(known.patient.pk)) is None:
        return None
    text = "A few questions about how you have been since your visit."
    url = reverse("own-inquiry", args=[asked.pk])
    return Step("check-in", "How are you?", text, url, "Answer them", CHECK_IN_MINUTES)


def _choose(known: Known) -> Step | None:
    if known.consultation is not None or known.decision is not None:
        return None
    url = reverse("patient-choose")
    if Task.objects.filter(kind=TaskKind.PATIENT_CALL, patient_id=known.patient.pk, done_at__isnull=True).exists():
        return Step(
            "call",
            "We will call you",
            "You asked us to call. You can still choose a time yourself.",
            url,
            "Choose a time",
        )
    asked = ConsultationRequest.objects.filter(patient=known.patient, status__in=OPEN_REQUEST).exists()
    text = (
        "Choose one of the free times now, or wait for us: we have your request and get in touch."
        if asked
        else "You talk with a clinician first, at the clinic or by video."
    )
    return Step("choose", "Choose a time for your consultation", text, url, "Choose a time", CHOOSE_MINUTES)


def _questions(known: Known) -> Step | None:
    step = known.intake
    if step.kind not in ("start", "continue", "send") or (known.sent and known.decision is not None):
        return None
    text = "They help us keep you safe. Your answers are saved as you go; come back any time."
    return Step("intake", "Answer questions about your health", text, step.url, step.label, step.minutes)


def _asked(known: Known) -> Step | None:
    """A clinician asked something and waits for it."""
    many = waiting(known.patient.pk)
    if not many:
        return None
    title = "Your clinician has a question for you" if many == 1 else f"Your clinician has {many} questions for you"
    text = "It helps them to decide with you. Write as much or as little as you like."
    return Step("asked", title, text, reverse("patient-questions"), "Read and answer", ASKED_MINUTES)


def _more(known: Known) -> Step | None:
    decision = known.decision
    if decision is None or decision.decision != Clearance.Decision.MORE or known.unread:
        return None
    title = "Your clinician would like to know more"
    url, label = reverse("intake-home"), "Go to your questions"
    return Step("more", title, "Please add to your answers, or call us.", url, label, quote=decision.words)


def _before_visit(known: Known) -> Step | None:
    """What is still missing before a treatment visit that is planned: the signature, the escort."""
    decision, treatments = known.decision, [one for one in known.coming if one.kind in TREATMENTS]
    cleared = decision is not None and decision.decision in standing.CLEARED
    if not treatments and not cleared:
        return None
    if not standing.consent_signed(known.patient.pk):
        text = "Read it in peace and sign it before your first treatment visit. You can take it back at any time."
        return Step("consent", "Read and sign your consent", text, reverse("consents"), "Read it", CONSENT_MINUTES)
    nobody = next((one for one in treatments if not one.escort_name and one.status not in HERE), None)
    if nobody is None:
        return None
    text = "An adult you know takes you home after each visit. We need their name and telephone number."
    return Step(
        "escort", "Name who takes you home", text, reverse("patient-visit-escort", args=[nobody.pk]), "Name them", 1
    )


def _reading(known: Known) -> Step | None:
    if not known.unread or known.next_booked is not None:
        return None
    text = "You do not have to do anything now. We tell you as soon as there is news."
    return Step("reading", "A clinician is reading your answers", text)


def _after_decision(known: Known) -> Step | None:
    if (visit := known.next_booked) is not None:
        return _visit_step(visit, "Your next visit")
    decision = known.decision
    if known.coming:
        text = "Your next visits are planned. Your clinician looks first how it is going; then we confirm them."
        return Step("held", "Your clinician looks at how it is going", text)
    if decision is None or known.series is not None or _treated(known):
        return None
    if decision.decision in standing.CLEARED:
        text = "The front desk calls you to find days that suit you. You do not have to do anything now."
        return Step("plan", "We plan your visits with you", text, quote=decision.words)
    return Step(
        "words",
        "Your clinician has written to you",
        "Call us if you would like to talk about it.",
        quote=decision.words,
    )


def _treated(known: Known) -> bool:
    return any(one.kind in TREATMENTS and one.status == Status.FULFILLED for one in known.visits)


def _later_visit(known: Known) -> Step | None:
    order = BoosterOrder.objects.filter(patient=known.patient, status=BoosterOrder.Status.OPEN).first()
    if order is None or order.started_on is None:
        return None
    if looks_in_favour(order).exists():
        text = "A clinician has looked at how you are and agrees with a further visit."
        return Step("next-time", "Find a time for your next visit", text, reverse("patient-next-visit"), "Go on", 2)
    url, label = reverse("patient-next-visit"), "See how it works"
    opens_on = order.started_on + timedelta(days=order.after_days)
    if opens_on > local(now(), known.patient.site.tz).date():
        text = "We remind you when it is time to talk about a further visit. You can ask before that at any time."
        return Step("later", "Your visits are complete for now", text, url, label)
    return Step("next", "Would you like to talk about a next visit?", "It may be time for one.", url, label)


def _nothing(known: Known) -> Step:
    if known.consultation is not None and known.decision is None:
        return Step("wait", "Your clinician writes to you", "You do not have to do anything now.")
    return Step("none", "Nothing to do at present", "Call us whenever you would like to talk.")
