"""The front desk's waitlist: who waits, what was offered and what became of it; offer by hand, answer for, remove."""

from datetime import date, datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pacificmind.accounts.access import SignedInRequest, page
from pacificmind.audit.services import viewed
from pacificmind.clock import now
from pacificmind.messaging.quiet import is_quiet, next_opening
from pacificmind.ui.dates import time_words, when_words
from pacificmind.ui.forms import RequestIdForm
from pacificmind.ui.parts import Row, Tab
from scheduling.domain.errors import BookingRefused
from scheduling.domain.walltime import day_of, wall_of
from scheduling.domain.week import DAYS
from scheduling.forms.waitlist import NOTICE, AnswerForm, PlaceForm, WishForm, wish_initial
from scheduling.models import Offer, PossibleTimes, Waiting
from scheduling.queries import waitlist as queries
from scheduling.queries.visits import what_words
from scheduling.services import waitlist as services
from scheduling.services import waitlist_claim as claims
from scheduling.services import waitlist_offers as offers
from scheduling.services.waitlist_law import places_for
from scheduling.views.desk.shared import READERS, WRITERS
from scheduling.views.desk.visits import visit_of
from scheduling.views.waitlist.own import INCOMPLETE, can_wait

ROWS = 25
A_DAY, MOST_PLACES = 3, 15  # earlier times shown to offer by hand
MANY = 400  # free starts looked at for them
HALF_HOUR = 30
WORKING = [0, 1, 2, 3, 4]


@require_safe
@page(*READERS)
def waitlist(request: SignedInRequest) -> HttpResponse:
    """Who waits, in the order in which offers are made; or who no longer does, the newest first."""
    past = request.GET.get("show") == "past"
    everyone = queries.waiting_seen_by(request.user)
    waiting = everyone.filter(status=Waiting.Status.WAITING)
    over = everyone.exclude(status=Waiting.Status.WAITING).order_by("-made_at", "pk")
    rows = Paginator(over if past else waiting, ROWS).get_page(request.GET.get("page"))
    lines = queries.lines(list(rows.object_list))
    viewed("waitlist", by=request.user, patients=[line.waiting.patient_id for line in lines])
    here, zone = reverse("desk-waitlist"), next((line.waiting.site.tz for line in lines), None)
    context = {
        "rests_until": next_opening(now(), zone) if zone is not None and is_quiet(now(), zone) else None,
        "zone": zone,
        "rows": rows,
        "lines": [(line, wish_words(line.waiting), what_words(line.waiting.visit)) for line in lines],
        "past": past,
        "tabs": [
            Tab("Waiting", here, not past, None if past else rows.paginator.count),
            Tab("No longer waiting", f"{here}?show=past", past),
        ],
    }
    return render(request, "waitlist/list.html", context)


def wish_words(waiting: Waiting) -> str:
    """When an earlier time would suit: "Monday or Friday, from 9:00 am, told one day before"."""
    days = " or ".join(DAYS[day] for day in waiting.weekdays) or "Any day"
    if waiting.weekdays == WORKING:
        days = "Monday to Friday"
    spans = [("from", waiting.from_time), ("until", waiting.until_time)]
    anchor = wall_of(now(), waiting.site.tz).replace(fold=0, tzinfo=waiting.site.tz, second=0, microsecond=0)
    said = [f"{word} {time_words(anchor.replace(hour=at.hour, minute=at.minute))}" for word, at in spans if at]
    notice = dict(NOTICE).get(waiting.hours_needed, f"{waiting.hours_needed} hours").lower()
    return ", ".join([days, *said, f"told {notice} before"])


def _waiting(request: SignedInRequest, pk: UUID, *, to_change: bool = False) -> Waiting:
    found = get_object_or_404(queries.waiting_seen_by(request.user), pk=pk)
    if to_change and found.site_id not in request.user.sites():
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@page(*WRITERS)
def join(request: SignedInRequest, visit: UUID) -> HttpResponse:
    """Enter a wish for an earlier time, from a visit."""
    seen = visit_of(request, visit, to_change=True)
    line = queries.line_of(seen)
    known = PossibleTimes.objects.filter(patient_id=seen.patient_id).first()
    form = WishForm(request.POST or None, initial=wish_initial(line.waiting if line else None, known), site=seen.site)
    if request.method == "POST" and form.is_valid():
        try:
            waiting = services.join(
                by=request.user, visit_id=seen.pk, wishes=form.wishes(), request_id=form.cleaned_data["request_id"]
            )
        except BookingRefused as refusal:
            form.add_error(None, refusal.say)
        else:
            messages.success(request, "Saved. The visit stays as it is until an earlier time is taken.")
            return redirect("desk-waiting", waiting=waiting.pk)
    with transaction.atomic():
        viewed("wait for an earlier time", by=request.user, subject=seen, patient_id=seen.patient_id)
        context = {"visit": seen, "line": line, "form": form, "possible": can_wait(seen), "what": what_words(seen)}
        return render(request, "waitlist/join.html", context)


@require_safe
@page(*READERS)
def show(request: SignedInRequest, waiting: UUID) -> HttpResponse:
    """One who waits: wishes, offers, and the earlier times that are free and allowed now."""
    return _show(request, _waiting(request, waiting))


def _show(request: SignedInRequest, waiting: Waiting, form: PlaceForm | None = None) -> HttpResponse:
    line = queries.lines([waiting])[0]
    may_write = waiting.site_id in request.user.sites()
    open_now = waiting.status == Waiting.Status.WAITING and can_wait(waiting.visit)
    starts = _places(waiting) if may_write and open_now and line.open_offer is None else []
    zone = waiting.site.tz
    rows = [
        Row("Visit now", f"{what_words(waiting.visit)}, {when_words(waiting.visit.starts_at, zone, now())}"),
        Row("Would come", wish_words(waiting)),
        Row("Waits since", f"{when_words(waiting.made_at, zone, now())}{_entered_by(waiting)}"),
        Row("How they are told", _channel_words(waiting)),
    ]
    context = {
        "line": line,
        "waiting": waiting,
        "rows": rows,
        "may_write": may_write,
        "waits": open_now,
        "starts": starts,
        "form": form or PlaceForm(starts=starts, site=waiting.site),
        "once": RequestIdForm(auto_id=False),
    }
    with transaction.atomic():
        viewed("waitlist", by=request.user, subject=waiting, patient_id=waiting.patient_id)
        return render(request, "waitlist/show.html", context)


def _entered_by(waiting: Waiting) -> str:
    if waiting.made_by_id is None or waiting.made_by_id == waiting.patient.user_id:
        return ", asked for by the patient"
    return f", entered by {waiting.made_by}"


def _channel_words(waiting: Waiting) -> str:
    found = [{"email": "e-mail", "sms": "text message"}[str(one)] for one in offers.channels_to(waiting.patient)]
    return f"By {' and '.join(found)}" if found else "By telephone: you are asked to call"


def _places(waiting: Waiting) -> list[datetime]:
    """Earlier times, at the half hour, that could be offered by hand: a few of each day, spread over it."""
    found = places_for(waiting, not_before=now(), held=offers.SHORTEST, by_hand=True, most=MANY)
    days: dict[date, list[datetime]] = {}
    for one in found:
        if one.minute % HALF_HOUR == 0:
            days.setdefault(day_of(one, waiting.site.tz), []).append(one)
    spread = [one for starts in days.values() for one in starts[:: -(-len(starts) // A_DAY)]]
    return spread[:MOST_PLACES]


@require_POST
@page(*WRITERS)
def offer(request: SignedInRequest, waiting: UUID) -> HttpResponse:
    """Hold one of the earlier times for them."""
    found = _waiting(request, waiting, to_change=True)
    form = PlaceForm(request.POST, starts=_places(found), site=found.site)
    if form.is_valid():
        try:
            offers.make(waiting_id=found.pk, starts_at=form.cleaned_data["start"], by=request.user)
        except BookingRefused as refusal:
            form.add_error("start", refusal.say)
        else:
            messages.success(request, "The time is offered to them.")
            return redirect("desk-waiting", waiting=found.pk)
    return _show(request, found, form)


@require_POST
@page(*WRITERS)
def remove(request: SignedInRequest, waiting: UUID) -> HttpResponse:
    """Take somebody off the list."""
    found, form = _waiting(request, waiting, to_change=True), RequestIdForm(request.POST)
    if not form.is_valid():
        messages.error(request, INCOMPLETE)
        return redirect("desk-waiting", waiting=found.pk)
    try:
        services.leave(by=request.user, waiting_id=found.pk, request_id=form.cleaned_data["request_id"])
    except BookingRefused as refusal:
        messages.error(request, refusal.say)
        return redirect("desk-waiting", waiting=found.pk)
    messages.success(request, "They no longer wait. The visit stays as it is.")
    return redirect("desk-waitlist")


SAID = {
    "take": "The visit is moved to the earlier time, and the patient is told.",
    "keep": "Noted: they keep their time and stay on the list.",
    "back": "The offer is taken back. The time is free again.",
}


@require_POST
@page(*WRITERS)
def answer(request: SignedInRequest, offer: UUID) -> HttpResponse:
    """Answer an offer for a patient on the telephone, or take it back."""
    found = get_object_or_404(queries.offers_seen_by(request.user), pk=offer)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, INCOMPLETE)
        return redirect("desk-waiting", waiting=found.waiting_id)
    said = form.cleaned_data["answer"]
    try:
        after = _answer(said, found, request)
    except BookingRefused as refusal:
        messages.error(request, refusal.say)
    else:
        as_asked = after.status == {"take": "claimed", "keep": "declined", "back": "withdrawn"}[said]
        if as_asked:
            messages.success(request, SAID[said])
        else:
            messages.info(request, offers.Over.default_say)
    return redirect("desk-waiting", waiting=found.waiting_id)


def _answer(said: str, found: Offer, request: SignedInRequest) -> Offer:
    if said == "take":
        return claims.claim(offer_id=found.pk, by=request.user)
    if said == "keep":
        return claims.decline(offer_id=found.pk, by=request.user)
    return claims.withdraw(offer_id=found.pk, by=request.user)
