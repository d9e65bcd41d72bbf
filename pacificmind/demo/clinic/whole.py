"""The whole demo clinic in one transaction."""

from django.db import connection, transaction

from pacificmind.accounts.models import User
from pacificmind.audit.models import Action
from pacificmind.audit.services import record
from pacificmind.clinic.models import Site
from pacificmind.clock import now, today
from pacificmind.demo.clinic import background, changes, rules, staff, story, supply, words, wrote
from pacificmind.demo.clinic.steps import Clinic, mail_leaves
from pacificmind.demo.clinic.walk import Days
from pacificmind.messaging.models import Message, Status

_LOADING = 7260  # advisory lock: two loads at once, and the second finds the clinic there


class NotEmpty(Exception):
    """There is a clinic in the database that is not the demo's."""


def load() -> bool:
    """Load the demo clinic; False when it is there already.

    Autocommit is off meanwhile: the services' durable transactions become savepoints of this one, so that a run that
    was cut short leaves nothing. Raises NotEmpty.
    """
    transaction.set_autocommit(False)
    try:
        new = _load()
        transaction.commit()
    except BaseException:
        transaction.rollback()
        raise
    finally:
        transaction.set_autocommit(True)
    return new


def _load() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOADING])
    if User.objects.filter(email=staff.MANAGER).exists():
        return False
    if Site.objects.exists() or User.objects.exists():
        raise NotEmpty("There is a clinic in this database already. The demo is loaded only into an empty one.")
    clinic = _stage()
    story.tell(clinic)
    changes.take_places(clinic)
    background.fill(clinic)
    changes.tell(clinic)
    rules.propose(clinic)
    wrote.tell(clinic)
    words.tell(clinic)
    mail_leaves(now())
    _owe_the_booster(story.booster_due_now())
    record(Action.CREATE, "load the demo clinic", by=None)
    return True


def _stage() -> Clinic:
    password_hash = staff.password_hash()
    built = supply.build()
    people = staff.build(built, password_hash)
    days = Days(today("America/Los_Angeles"))
    staff.take_away(built, people, days)
    return Clinic(built, people, days, password_hash)


def _owe_the_booster(due: Message) -> None:
    """The one mail that falls due at the start, whatever the hour."""
    due.due_at, due.status, due.done_at, due.tries, due.why = min(now(), due.due_at), Status.OWED, None, 0, ""
    due.save(update_fields=["due_at", "status", "done_at", "tries", "why"])
