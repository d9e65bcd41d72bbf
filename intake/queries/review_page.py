"""One intake as the prescriber reads it before deciding: composed from a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from intake.domain import library
from intake.domain.decisions import Standing, marks
from intake.domain.medicines import Medicine, MedicineClass, interactions
from intake.domain.pictures import Picture, pictures
from intake.domain.screening import open_questions
from intake.domain.summary import summary
from intake.domain.trials import Adequacy, Trial
from intake.facts import facts_of, trials_of, values_of
from intake.models import Answer, Clearance, Finding, Intake, PatientQuestion, SafetyAlert, StaffResult
from intake.queries import measures, questions
from intake.queries.known_facts import facts_of_run
from intake.queries.reading import OUTCOMES, SOURCES, Line, Part, evidence, parts
from intake.queries.record_page import decisions_of
from intake.queries.review_scores import Scored, measured, scores
from intake.queries.rules import policy_named
from intake.queries.staging import Staging, staging_of
from intake.sections import all_items
from pacificmind.clinic.models import Site
from pacificmind.clock import today

NO_FLAGS = "No listed flags found – clinician assessment still required"  # CLINICAL 6, word for word
NO_FLAGS_BUT_MEDICINES = (
    "No rule speaks, but a medicine is to be looked at: see Medicines – clinician assessment required"
)
OWN_WORDS = "reason.words"
MEASURED = 5  # readings that the page shows
FLAGS: Mapping[str, tuple[str, str]] = {
    "URGENT-2": ("Urgent: now", "safety"),
    "URGENT-1": ("Urgent: today", "safety"),
    "CONTRA": ("Listed contraindication", "person"),
    "REVIEW": ("To look at", "person"),
    "INFO": ("For your information", "plain"),
}
ADEQUACY: Mapping[Adequacy, str] = {
    "adequate": "Adequate",
    "inadequate": "Not adequate",
    "intolerance": "Stopped for side effects",
    "uncertain": "Uncertain: obtain records",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with the answers behind it. `is_new`: the version before did not raise it."""

    finding: Finding
    evidence: tuple[Line, ...]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one flag."""

    flag: str
    title: str
    tone: str
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A question that was answered otherwise in the version before."""

    question: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class MedicineRow:
    """A medicine as written, with the classes of the clinic's list it belongs to."""

    medicine: Medicine
    classes: tuple[MedicineClass, ...]


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An antidepressant trial as reported, its outcome and adequacy in words."""

    trial: Trial
    outcome: str
    adequacy: str
    source: str


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything the page shows."""

    intake: Intake
    summary: str
    pictures: tuple[Picture, ...]
    own_words: str
    alerts: list[SafetyAlert]
    groups: tuple[Group, ...]
    scores: tuple[Scored, ...]
    parts: tuple[Part, ...]
    missing: tuple[Line, ...]
    open_questions: tuple[str, ...]
    trials: tuple[TrialRow, ...]
    adequate_trials: int
    staging: Staging
    medicines: tuple[MedicineRow, ...]
    previous: Intake | None
    newer: Intake | None
    differences: tuple[Difference, ...]
    no_longer: tuple[Finding, ...]
    questions: list[PatientQuestion]
    vitals: list[measures.Shown]
    results: list[StaffResult]
    decisions: list[Clearance]
    sites: list[Site]
    standing: Standing
    contraindications: tuple[Finding, ...]

    @property
    def no_flags(self) -> str:
        """What is said where no rule raised anything; empty otherwise. Some classes of medicines have no rule."""
        if self.groups:
            return ""
        to_look_at = any(kind.flag == "REVIEW" for row in self.medicines for kind in row.classes)
        return NO_FLAGS_BUT_MEDICINES if to_look_at else NO_FLAGS

    @property
    def unread(self) -> list[PatientQuestion]:
        """What the patient wrote back and nobody has read yet."""
        return [one for one in self.questions if one.answered_at is not None and one.read_at is None]

    @property
    def asked(self) -> list[PatientQuestion]:
        """What waits for the patient."""
        return [one for one in self.questions if one.answered_at is None]

    @property
    def governing(self) -> Clearance | None:
        """The newest decision."""
        return self.decisions[0] if self.decisions else None

    @property
    def marks(self) -> str:
        """A mark of the findings on this page, for the service to compare."""
        return marks((one.finding.rule, one.finding.flag) for group in self.groups for one in group.found)

    @property
    def seen(self) -> str:
        """The newest decision on this page, for the service to compare."""
        return str(self.decisions[0].pk) if self.decisions else "none"


def of(intake: Intake, versions: Sequence[Intake] | None = None) -> ReviewPage:
    """Read the page of a submitted intake; `intake` comes with its patient and site. 10 to 15 queries, however long.

    `versions` are all that the patient sent, by number, where they are known already.
    """
    patient = intake.patient
    if versions is None:
        versions = list(Intake.objects.filter(patient=patient, submitted_at__isnull=False).order_by("number"))
    previous = next((version for version in reversed(versions) if version.number < intake.number), None)
    newer = next((version for version in reversed(versions) if version.number > intake.number), None)
    answers, earlier = _answers(intake, previous)
    values = values_of(answers)
    read = parts(answers, values)
    findings, earlier_findings = _findings(intake, previous)
    known = {finding.rule for finding in earlier_findings}
    run = findings[0].screening if findings else intake.screenings.filter(current=True).first()
    policy = policy_named(run.ruleset) if run else library.policy()
    facts = facts_of_run(run) or facts_of(intake, answers, policy=policy)
    contraindications = tuple(finding for finding in findings if finding.flag == "CONTRA")
    alerts = list(
        SafetyAlert.objects.filter(patient=patient, closed_at__isnull=True).select_related("owner").order_by("-tier")
    )
    trials = trials_of(values, policy)
    return ReviewPage(
        intake=intake,
        summary=summary(facts, policy),
        pictures=pictures(facts, policy, trials),
        own_words=str(values.get(OWN_WORDS) or ""),
        alerts=alerts,
        groups=_groups(findings, read, known if previous else None),
        scores=scores(values, values_of(earlier), read, measured(intake, previous, answers, earlier)),
        parts=read,
        missing=_missing(read),
        open_questions=_ask(open_questions(facts, policy), read),
        trials=tuple(
            TrialRow(trial, OUTCOMES[trial.outcome], ADEQUACY[result], SOURCES[trial.source])
            for trial, result in trials.rows
        ),
        adequate_trials=trials.adequate,
        staging=staging_of(values),
        medicines=_medicines(facts.medicines or ()),
        previous=previous,
        newer=newer,
        differences=_differences(parts(earlier, values_of(earlier)), read) if previous else (),
        no_longer=tuple(one for one in earlier_findings if one.rule not in {found.rule for found in findings}),
        questions=questions.on_review(patient),
        vitals=measures.shown(measures.recent(patient.pk)[:MEASURED]),
        results=measures.results(patient.pk),
        decisions=list(decisions_of(patient)),
        sites=list(Site.objects.all()),
        standing=Standing(
            today=today(patient.site.zone),
            newest=newer is None,
            unseen_decision=False,
            contraindications=tuple(finding.rule for finding in contraindications),
            urgent_alert_open=any(alert.tier == SafetyAlert.Tier.URGENT_2 for alert in alerts),
        ),
        contraindications=contraindications,
    )


def _answers(intake: Intake, previous: Intake | None) -> tuple[list[Answer], list[Answer]]:
    ids = [intake.pk, *([previous.pk] if previous else [])]
    rows = list(Answer.objects.filter(intake__in=ids).order_by("pk"))
    return [row for row in rows if row.intake_id == intake.pk], [row for row in rows if row.intake_id != intake.pk]


def _findings(intake: Intake, previous: Intake | None) -> tuple[list[Finding], list[Finding]]:
    """What the newest run raised on this version, and on the one before; one query."""
    ids = [intake.pk, *([previous.pk] if previous else [])]
    rows = Finding.objects.filter(screening__intake__in=ids, screening__current=True).select_related("screening")
    own = [row for row in rows if row.screening.intake_id == intake.pk]
    return own, [row for row in rows if row.screening.intake_id != intake.pk]


def _groups(findings: Sequence[Finding], read: Sequence[Part], known: Collection[str] | None) -> tuple[Group, ...]:
    groups = []
    for flag, (title, tone) in FLAGS.items():
        found = tuple(
            Found(one, evidence(one.because, read), known is not None and one.rule not in known)
            for one in findings
            if one.flag == flag
        )
        if found:
            groups.append(Group(flag, title, tone, found))
    return tuple(groups)


def _missing(read: Sequence[Part]) -> tuple[Line, ...]:
    """Declined, or left unanswered, though it was asked."""
    required = {item.id for item in all_items() if item.required}
    return tuple(
        line
        for part in read
        for line in part.lines
        if line.state == "declined" or (line.state == "unanswered" and line.item in required)
    )


def _ask(facts: Sequence[str], read: Sequence[Part]) -> tuple[str, ...]:
    """Facts behind contraindications that are not known, as the questions that asked for them."""
    lines = evidence(facts, read)
    return tuple(dict.fromkeys(line.question for line in lines))


def _medicines(medicines: Sequence[Medicine]) -> tuple[MedicineRow, ...]:
    table = library.medicine_table()
    return tuple(MedicineRow(one, tuple(kind for kind, _ in interactions([one], table))) for one in medicines)


def _differences(before: Sequence[Part], after: Sequence[Part]) -> tuple[Difference, ...]:
    old = {line.item: line for part in before for line in part.lines}
    new = {line.item: line for part in after for line in part.lines}
    return tuple(
        Difference((new.get(item) or old[item]).question, _shown(old.get(item)), _shown(new.get(item)))
        for item in dict.fromkeys([*new, *old])
        if _shown(old.get(item)) != _shown(new.get(item))
    )


def _shown(line: Line | None) -> str:
    return line.shown if line else "–"
