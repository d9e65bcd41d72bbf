"""Who goes round the house, and which addresses they open: every role, and patients at five steps of the path."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from intake.models import BoosterOrder, Inquiry, Reevaluation, SafetyAlert
from intake.sections import section
from intake.services import inquiries, requests
from intake.services.answers import save_item9
from intake.services.questionnaires import record_questionnaire
from pacificmind.accounts.messages import tokens_of as staff_tokens_of
from pacificmind.accounts.models import Invitation, Role, User
from pacificmind.accounts.services import Staff, invite_staff
from pacificmind.clock import now, today
from pacificmind.messaging import stopping
from pacificmind.messaging.models import Message
from scheduling.models import CalendarFeed, VisitType
from scheduling.services import feed, waitlist_offers
from tests import cast
from tests.authorization_table import TABLE
from tests.intake import filling
from tests.objects import Objects
from tests.test_authorization import parameters

FEED_TOKEN = "a-feed-of-the-inspector"
#: allauth's pages that open without anything sent before.
OF_NOBODY = ("account_login", "sign-up", "account_reset_password", "account_reset_password_done",
             "account_email_verification_sent", "account_inactive")  # fmt: skip
OF_AN_ACCOUNT = ("account_logout", "account_email", "account_change_password", "account_reauthenticate", "mfa_index",
                 "mfa_activate_totp", "mfa_list_webauthn")  # fmt: skip
#: What a patient who is filling in the intake finds otherwise than one who has sent it.
ON_THE_WAY = ("patient-home", "intake-home", "intake-section", "intake-item9", "intake-check", "intake-crisis",
              "consents", "consent", "patient-choose", "patient-visits", "patient-outcomes")  # fmt: skip


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser, and the addresses they open, by name."""

    name: str
    user: User | None
    paths: dict[str, str]

    def cookies(self, url: str) -> list[Any]:
        """Signed in a moment ago by password: signing in has its own journey."""
        if self.user is None:
            return []
        client = Client()
        client.force_login(self.user)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": int(now().timestamp()), "email": "x"}]
        session.save()
        return [{"name": "session", "value": client.cookies["session"].value, "url": url}]


def visitors(objects: Objects, mail: str) -> list[Visitor]:
    """Everybody, with the rows of `objects`; `mail` is the key of a mail in the demo's mailbox."""
    boss, desk = cast.manager(), cast.receptionist()
    values = _tokens(objects, boss, desk)
    values |= {"mail-show": {"key": mail}, "mail-raw": {"key": mail}, "mail-attachment": {"key": mail, "index": 0}}
    public = _paths(objects, values, "public")
    letter = {"follow-invitation": public["follow-invitation"]}  # first: what it opens is kept in the session
    return [
        Visitor("nobody", None, letter | public | _plain(OF_NOBODY)),
        Visitor("patient", objects.patient.user, _paths(objects, values, "patient", "signed-in")),
        _on_the_way(objects),
        _in_the_screen(),
        _before_a_next_visit(objects),
        Visitor("newcomer", cast.user(Role.PATIENT), _plain(("start", "patient-about"))),
        Visitor("front desk", desk, _paths(objects, values, "front_desk")),
        Visitor("clinician", cast.clinician().user, _paths(objects, values, "clinician")),
        Visitor(
            "prescriber", objects.prescriber.user, _paths(objects, values, "clinician", "prescriber")
            | _plain(OF_AN_ACCOUNT)
        ),
        Visitor("manager", boss, _paths(objects, values, "manager")),
    ]  # fmt: skip


def _plain(names: tuple[str, ...]) -> dict[str, str]:
    return {name: reverse(name) for name in names}


def _paths(objects: Objects, values: dict[str, dict[str, Any]], *roles: str) -> dict[str, str]:
    """The address of each line of the table that these roles open."""
    return {
        name: reverse(name, kwargs=values[name] if name in values else objects.values(name, parameters(name)))
        for name, may in TABLE.items()
        if may & set(roles)
    }


def _on_the_way(objects: Objects) -> Visitor:
    """A patient in the middle of the intake, without a visit."""
    patient = cast.patient(account=True)
    filling.fill_section(patient, section("contact"), patient.user)
    kinds = {"consent": {"kind": "telehealth"}}
    paths = {name: reverse(name, kwargs={**objects.values(name, parameters(name)), **kinds.get(name, {})})
             for name in ON_THE_WAY}  # fmt: skip
    parts = {
        f"part {slug}": reverse("intake-section", args=[slug]) for slug in ("medicines", "antidepressants", "mood")
    }
    return Visitor("patient on the way", patient.user, paths | parts)


def _in_the_screen() -> Visitor:
    """A patient who has answered item 9, and is asked the suicide screen."""
    patient = cast.patient(account=True)
    filling.fill_section(patient, section("contact"), patient.user)
    save_item9(by=patient.user, patient=patient, value=1)
    return Visitor("patient in the screen", patient.user, _plain(("intake-crisis", "intake-where", "intake-asq")))


def _before_a_next_visit(objects: Objects) -> Visitor:
    """A patient for whom a prescriber has looked again: they may choose a time."""
    VisitType.objects.filter(kind="booster").update(patient_may_book=True)
    patient, order = cast.ready_patient(objects.prescriber, account=True)
    plan = BoosterOrder.objects.create(
        patient=patient, clearance=order.clearance, until_on=today(cast.ZONE) + timedelta(days=60), status="open",
        ordered_by=objects.prescriber.user, started_on=today(cast.ZONE) - timedelta(days=30),
    )  # fmt: skip
    Reevaluation.objects.create(order=plan, by=objects.prescriber.user, supports_booster=True)
    return Visitor("patient before a next visit", patient.user, _plain(("patient-next-visit", "patient-next-times")))


def _tokens(objects: Objects, boss: User, desk: User) -> dict[str, dict[str, Any]]:
    """Rows behind the links that go out by mail, and what else the pages need to show more than a door."""
    invited = requests.invite_patient(by=desk, patient_id=cast.patient().pk)
    new = invite_staff(by=boss, email="new@clinic.example", staff=Staff(name="Nina New", grants=(("manager", None),)))
    offer, token = objects.offer, waitlist_offers.tokens_of(objects.offer.pk)[0]
    offer.token_hash = waitlist_offers.token_hash(token)
    offer.save(update_fields=["token_hash"])
    CalendarFeed.objects.create(patient=objects.patient, token_hash=feed.hash_of(FEED_TOKEN))
    _, order = cast.ready_patient(objects.prescriber)
    inquiry = Inquiry.objects.filter(patient=objects.patient).order_by("opens_at")[0]
    inquiry.opens_at = now()
    inquiry.save(update_fields=["opens_at"])
    asked = Message.objects.create(
        purpose="check-in", subject_type="intake.inquiry", subject_id=inquiry.pk, recipient_type="patient",
        recipient_id=objects.patient.pk, channel="email", due_at=now(), status="sent", done_at=now(),
    )  # fmt: skip
    about_a_visit = {"token": inquiries.token_of(inquiry)}
    in_person = cast.patient()
    record_questionnaire(by=objects.prescriber.user, patient=in_person, items=[0] * 8 + [1])
    return {
        "safety-screen": {"alert_id": SafetyAlert.objects.get(patient=in_person).pk},
        "inquiry": about_a_visit,
        "inquiry-help": about_a_visit,
        "claim": {"token": requests.tokens_of(invited.pk)[0]},
        "follow-invitation": {"token": staff_tokens_of(Invitation.objects.get(user=new).pk)[0]},
        "earlier-time": {"token": token},
        "calendar-feed": {"token": FEED_TOKEN},
        "desk-series-plan": {"order": order.pk},
        "mail-stop": {"token": stopping.url_of(asked).rstrip("/").rpartition("/")[2]},
    }
