"""Run the rules again for whoever they are behind: the rules changed, or something was answered since the last run."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from intake.models import AsqSitting, Inquiry, Intake, Patient, Questionnaire, Screening
from intake.queries.rules import policy_now
from intake.services.each import each
from intake.services.screening import rescreen
from pacificmind.clock import now

LONGEST_SWEEP = 100  # patients a tick: the next one goes on
LOOKS_BACK = timedelta(hours=1)  # for answers: where they change nothing no run is added, and they are looked at again


def rescreen_under_new_rules(limit: int = LONGEST_SWEEP) -> int:
    """Screen again whoever was last screened with other rules than those in force; how many were."""
    return _again(_newest().exclude(ruleset=policy_now().version), Screening.Cause.RULES, limit)


def rescreen_after_answers(limit: int = LONGEST_SWEEP) -> int:
    """Screen again who answered questions around a visit, a questionnaire or the suicide screen since the last run."""
    since = now() - LOOKS_BACK
    of = {"patient": OuterRef("intake__patient")}
    asked = Inquiry.objects.filter(sent_at__gt=since, **of).filter(sent_at__gt=OuterRef("at"))
    screened = AsqSitting.objects.filter(ended_at__gt=since, **of).filter(ended_at__gt=OuterRef("at"))
    entered = Questionnaire.objects.filter(answered_at__gt=since, **of).filter(answered_at__gt=OuterRef("at"))
    behind = _newest().filter(Q(Exists(asked)) | Q(Exists(screened)) | Q(Exists(entered)))
    return _again(behind, Screening.Cause.QUESTIONNAIRE, limit)


def _newest() -> "QuerySet[Screening]":
    """The current run of the newest version of each active patient."""
    newest = Intake.objects.filter(patient=OuterRef("intake__patient"), submitted_at__isnull=False).order_by("-number")
    active = Screening.objects.filter(current=True, intake__patient__status=Patient.Status.ACTIVE)
    return active.filter(intake=Subquery(newest.values("pk")[:1]))


def _again(behind: "QuerySet[Screening]", cause: Screening.Cause, limit: int) -> int:
    ids = list(behind.order_by("at").values_list("intake__patient", flat=True)[:limit])
    behind_now = list(Patient.objects.filter(pk__in=ids).select_related("site").order_by("pk"))
    return each(behind_now, lambda patient: _screened(patient, cause), sweep="rules")


def _screened(patient: Patient, cause: Screening.Cause) -> int:
    rescreen(patient=patient, cause=cause)
    return 1
