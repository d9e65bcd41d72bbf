"""What runs on a clock."""

from celery import shared_task

from intake.services.asq import left_in_the_middle
from intake.services.friendly import calls
from intake.services.oncall import look_for_gaps
from intake.services.paging import escalate_pages
from intake.services.screening_sweep import rescreen_after_answers, rescreen_under_new_rules


@shared_task(name="intake.pages")
def pages() -> int:
    """Treat screens that were left in the middle as acute; page again about alerts that nobody has taken; how many."""
    return left_in_the_middle() + escalate_pages()


@shared_task(name="intake.rota")
def rota() -> int:
    """Put times without anybody on call before the managers; how many."""
    return look_for_gaps()


@shared_task(name="intake.friendly")
def friendly_calls() -> int:
    """Have patients called, only to say hello, where the clinic does so and its day has come; how many."""
    return calls()


@shared_task(name="intake.rules")
def rules() -> int:
    """Screen again whoever the rules are behind: they changed, or something was answered since; how many were."""
    return rescreen_under_new_rules() + rescreen_after_answers()
