"""The screening rules in force: the shipped table with what this clinic changed and a prescriber signed."""

from datetime import datetime

import structlog

from intake.domain import library
from intake.domain.policy import Policy
from intake.domain.reading import DataError
from intake.models import RulesRevision
from pacificmind.clock import now

log = structlog.get_logger()


def revision_at(moment: datetime) -> RulesRevision | None:
    """The signed revision in effect at a moment: the highest number of those whose moment has come."""
    return RulesRevision.objects.filter(signed_at__isnull=False, effective_at__lte=moment).order_by("-number").first()


def policy_now() -> Policy:
    """The rules in force now."""
    return policy_of(revision_at(now()))


def policy_named(version: str) -> Policy:
    """The rules that a run names. Those of an earlier release are gone: then the shipped ones, for its numbers."""
    number = version.partition("+clinic.")[2]
    return policy_of(RulesRevision.objects.filter(number=number).first() if number.isdigit() else None)


def fitted(revision: RulesRevision) -> Policy:
    """The shipped rules with all of a revision's changes. Raises DataError where they do not fit."""
    return library.clinic_policy(
        thresholds=revision.thresholds,
        off=frozenset(revision.off),
        reasons=revision.reasons,
        doses=revision.doses,
        revision=revision.number,
    )


def policy_of(revision: RulesRevision | None) -> Policy:
    """The shipped rules with a revision's changes. Changes that no longer fit them are not half-applied.

    After an update of the product a revision may name what is gone: then the shipped rules speak, and their version
    without the clinic's number says so, until the revision is made anew.
    """
    if revision is None:
        return library.policy()
    try:
        return fitted(revision)
    except DataError:
        log.error("rules-revision-does-not-fit", number=revision.number)
        return library.policy()
