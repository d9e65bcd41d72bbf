"""The words of the messages about visits. Neutral throughout: no drug, diagnosis or specialty, here or in a subject.

Each render reads the visit again just before it is sent: what is no longer so is not sent, and says why.
"""

from dataclasses import replace

from django.urls import reverse

from intake.models import BoosterOrder
from intake.queries import inquiries as inquiry_queries
from intake.services import inquiries
from pacificmind.clock import now
from pacificmind.messaging import registry
from pacificmind.messaging.models import Channel, Message
from pacificmind.messaging.registry import Purpose, Void, Words
from pacificmind.messaging.said import Ahead, Moment, NearMoment, Phrase
from scheduling import messages_words as changes
from scheduling.messages_parts import entry, loaded, one_visit, visits_of, words_about
from scheduling.messages_together import series_booked, taken_out, visits_changed, visits_held
from scheduling.models import Appointment, Offer, Status
from scheduling.queries.waitlist import stands
from scheduling.services import notify
from scheduling.services import waitlist_offers as offers


def booked(message: Message) -> Words | Void:
    """A visit is booked, with its calendar entry."""
    visit = one_visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.BOOKED:
        return Void("The visit is no longer booked.")
    return _asking(words_about("visit-booked", visit, attached=(entry(visit),)), message)


def moved(message: Message) -> Words | Void:
    """A visit has another time, with the calendar entry that takes the old one's place."""
    visit = one_visit(message)
    if isinstance(visit, Void):
        return visit
    is_held = visit.status == Status.HELD and visit.moved_from not in (None, visit.starts_at)
    if visit.status != Status.BOOKED and not is_held:
        return Void("The visit is no longer booked.")
    if visit.moved_from is None:  # moved before its booking was told
        return booked(message)
    same = visit.moved_from == visit.starts_at
    was = changes.OTHER_CLINICIAN if same else changes.no_longer(visit.moved_from, visit.site.tz)
    key = "visit-stays" if same else "visit-moved"
    words = words_about(key, visit, attached=(entry(visit, tentative=is_held),), was=was)
    return words if is_held else _asking(words, message)


def cancelled(message: Message) -> Words | Void:
    """A visit is cancelled, with the calendar entry that takes it out."""
    visit = one_visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.CANCELLED:
        return Void("The visit stands again.")
    return taken_out([visit])


def held(message: Message) -> Words | Void:
    """A booked visit waits for a clinician again, at its time; a calendar then shows it as tentative."""
    visit = one_visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.HELD:
        return Void("The visit no longer waits.")
    if visit.starts_at <= now():
        return Void("The visit has begun.")
    return words_about("visit-held", visit, attached=(entry(visit, tentative=True),))


def reminder(message: Message) -> Words | Void:
    """A visit comes up; the one nearest to it asks whether they come, and before a treatment whether they are ready."""
    visit = one_visit(message)
    if isinstance(visit, Void):
        return visit
    if visit.status != Status.BOOKED:
        return Void("The visit is no longer booked.")
    if visit.starts_at <= now():
        return Void("The visit has begun.")
    days = _days_away(visit)
    words = words_about("visit-reminder", visit)
    words.context["days"] = Ahead(days)
    if message.channel == Channel.SMS:
        words.context["when"] = NearMoment(visit.starts_at, visit.site.tz, days)
        words.context["confirm"] = "" if visit.is_confirmed else Phrase("confirm")
        return words
    return _asking(words, message)


def _days_away(visit: Appointment) -> int:
    """Days to the visit from the day the message leaves, which may be later than its step: by dates at the site."""
    return (visit.starts_at.astimezone(visit.site.tz).date() - now().astimezone(visit.site.tz).date()).days


def _asking(words: Words, message: Message) -> Words:
    """The words with the link to what is asked before the visit, once it is open and not answered."""
    visit, asked = loaded(message) or (None, None)
    token = inquiries.token_of(asked) if asked is not None and inquiry_queries.link_is_open(asked) else None
    if visit is None or asked is None or token is None or (visit.is_confirmed and not asked.parts):
        return words
    context = {**words.context, "answer_path": reverse("inquiry", args=[token]), "asks": bool(asked.parts)}
    return replace(words, context=context)


def booster(message: Message) -> Words | Void:
    """A further visit may be due: an invitation to talk, never a calendar."""
    from scheduling.services import boosters

    order = BoosterOrder.objects.select_related("patient__site").filter(pk=message.subject_id).first()
    if order is None or order.version != message.subject_version:
        return Void("The plan has gone on since.")
    if order.status != BoosterOrder.Status.OPEN:
        return Void({"declined": "The patient declined."}.get(order.status, "The plan is closed."))
    if now().astimezone(order.patient.site.tz).date() > order.until_on:
        return Void("The plan has ended.")
    if why := boosters.why_not_now(order):
        return Void(why)
    return Words(key=message.purpose, context={"path": "/next-visit/"})


def earlier_time(message: Message) -> Words | Void:
    """A place is held for somebody on the waitlist. When it is stands behind the link and the date of birth alone."""
    offer = Offer.objects.select_related("waiting__visit__patient__site").filter(pk=message.subject_id).first()
    if offer is None or offer.status != Offer.Status.OPEN or offer.expires_at <= now():
        return Void("The offer is over.")
    if not stands(offer.waiting.visit, offer):
        return Void("The visit was changed since.")
    token = next((one for one in offers.tokens_of(offer.pk) if offers.token_hash(one) == offer.token_hash), None)
    if token is None:
        return Void("The server's key was changed since. Offer the time again.")
    until = Moment(offer.expires_at, offer.waiting.visit.patient.site.tz)
    return Words(key="earlier-time", context={"path": reverse("earlier-time", args=[token]), "until": until})


def register() -> None:
    """Make the purposes and the recipients known."""
    for purpose, label, render in [
        (notify.BOOKED, "Visit booked", booked),
        (notify.MOVED, "Visit moved", moved),
        (notify.CANCELLED, "Visit cancelled", cancelled),
        (notify.SERIES_BOOKED, "Series booked", series_booked),
        (notify.CHANGED, "Visits changed", visits_changed),
        (notify.HELD, "Visit not confirmed yet", held),
        (notify.ALL_HELD, "Visits not confirmed yet", visits_held),
        (notify.BOOSTER_DUE, "Booster reminder", booster),
        (notify.BOOSTER_AGAIN, "Second booster reminder", booster),
        (offers.EARLIER, "Earlier time offered", earlier_time),
        *(
            (name, f"Reminder, {days} days before" if days > 1 else "Reminder, 1 day before", reminder)
            for name, days in notify.REMINDERS.items()
        ),
    ]:
        about_one = render in (booked, moved, cancelled, held, reminder)
        registry.register(Purpose(purpose, label, render, load=visits_of if about_one else None))
