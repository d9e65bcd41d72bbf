"""Components and date words for templates: `{% load ui %}`. Each is shown with a snippet in docs/design.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django import forms, template
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from phonenumber_field.phonenumber import PhoneNumber

from pacificmind import clock
from pacificmind.ui import dates, nav
from pacificmind.ui.context import phone_words as context_words
from pacificmind.ui.parts import Tab, as_row
from pacificmind.ui.status import SHAPES, TONES, Status, status_of
from pacificmind.ui.words import kind_error

register = template.Library()


class HasZone(Protocol):
    """Anything with a name and an IANA zone: a site."""

    name: str
    zone: Any


class HasSpan(Protocol):
    """Anything that lasts: a leave, a closure."""

    starts_at: Any
    ends_at: Any


Place = str | ZoneInfo | HasZone


def _zone(place: Place) -> ZoneInfo:
    if isinstance(place, ZoneInfo):
        return place
    name = place if isinstance(place, str) else place.zone
    return name if isinstance(name, ZoneInfo) else ZoneInfo(str(name))


# ---- date words -----------------------------------------------------------------------------------------------


@register.filter
def people_when(instant: datetime | None, place: Place) -> str:
    """Aware instant in words: `|people_when:visit.zone`, or `|people_when:visit.site` to name the site as well."""
    if instant is None:
        return ""
    named = "" if isinstance(place, str | ZoneInfo) else place.name
    return dates.when_words(instant, _zone(place), clock.now(), named)


@register.filter
def people_span(row: HasSpan, place: Place) -> str:
    """When a leave or a closure lasts: "all of Tuesday, March 9" where it is a whole day."""
    return dates.span_words(row.starts_at, row.ends_at, _zone(place), clock.now())


@register.filter
def people_date(value: datetime | date | None, place: Place | None = None) -> str:
    """Such as "Tuesday, March 9": an aware instant in that zone, or a plain date (the zone only tells the year)."""
    if value is None:
        return ""
    zone = _zone(place) if place is not None else ZoneInfo("America/Los_Angeles")
    if isinstance(value, datetime):
        if place is None:
            raise ValueError("people_date of an instant needs a zone")
        value = dates.local(value, zone).date()
    return dates.date_words(value, dates.local(clock.now(), zone).date())


@register.filter
def people_time(instant: datetime | None, place: Place) -> str:
    """Such as "10:30 am" in that zone."""
    return "" if instant is None else dates.time_words(dates.local(instant, _zone(place)))


@register.filter
def ago(instant: datetime | None, place: Place) -> str:
    """Such as "5 minutes ago", "yesterday, 9:42 pm" in that zone; also for the future: "in 2 hours"."""
    return "" if instant is None else dates.ago_words(instant, _zone(place), clock.now())


# ---- page frame -----------------------------------------------------------------------------------------------


@register.inclusion_tag("components/nav.html", takes_context=True)
def main_nav(context: Context) -> dict[str, object]:
    """The navigation of whoever is looking; for nobody signed in, the public links."""
    request = context.get("request")
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    roles = frozenset(getattr(user, "roles", frozenset())) | {nav.SIGNED_IN} if signed_in else frozenset({nav.VISITOR})
    links = nav.links_for(roles, getattr(request, "path", ""))
    logout = nav.resolve("account_logout") if signed_in else ""
    many = len(links) + bool(logout) > 2  # more than a phone's first line holds: folded into a menu there
    return {"links": links, "logout_url": logout, "many": many, "csrf_token": context.get("csrf_token")}


ACCOUNT_PAGES = (
    ("Two-step sign-in", "mfa_index"),
    ("Password", "account_change_password"),
    ("E-mail", "account_email"),
)


@register.inclusion_tag("components/tabs.html", takes_context=True)
def account_tabs(context: Context) -> dict[str, object]:
    """The pages about one's own account, as tabs."""
    path = getattr(context.get("request"), "path", "")
    found = [(label, nav.resolve(name)) for label, name in ACCOUNT_PAGES]
    tabs = [Tab(label, url, current=path.startswith(url)) for label, url in found if url]
    return {"tabs": tabs, "label": "Your account"}


@register.filter
def phone_words(phone: object) -> str:
    """A telephone number as people write it: (213) 555-0142."""
    return context_words(phone)


@register.filter
def tel(phone: object) -> str:
    """A telephone number as a tel: link wants it: digits and a leading plus."""
    words = phone.as_e164 if isinstance(phone, PhoneNumber) and phone.is_valid() else str(phone)
    return ("+" if words.startswith("+") else "") + "".join(sign for sign in words if sign.isdigit())


@register.simple_tag
def url_or_blank(name: str) -> str:
    """The address of a url name, or nothing where it does not exist."""
    return nav.resolve(name)


@register.inclusion_tag("components/page_header.html")
def page_header(
    title: str, lead: str = "", kicker: str = "", back_url: str = "", back_label: str = "Back"
) -> dict[str, str]:
    """The one h1 of a page, with a way back above and a sentence below."""
    return {"title": title, "lead": lead, "kicker": kicker, "back_url": back_url, "back_label": back_label}


@register.inclusion_tag("components/shape.html")
def shape(name: str) -> dict[str, str]:
    """A small drawing of that name (see status.SHAPES), hidden from screen readers: the word beside it speaks."""
    if name not in SHAPES:
        raise ValueError(f"no such shape: {name}")
    return {"shape": name}


@register.inclusion_tag("components/status.html")
def status(key: str) -> dict[str, Status]:
    """A known state (see status.STATUSES) as word, shape and colour."""
    return {"status": status_of(str(key))}


@register.inclusion_tag("components/status.html")
def status_tag(word: str, tone: str = "plain", shape: str = "dot") -> dict[str, Status]:
    """A state in your own word; tones: plain, calm, person, safety, waiting, over."""
    if tone not in TONES:
        raise ValueError(f"no such tone: {tone}")
    return {"status": Status(word, shape, tone)}


# ---- boxes ----------------------------------------------------------------------------------------------------


def _box(template_name: str, content: str, **more: object) -> SafeString:
    # Inside a block tag Django has already escaped what the block's variables put in.
    return render_to_string(template_name, {"content": SafeString(content), **more})


@register.simple_block_tag
def card(content: str, title: str = "", tone: str = "", level: int = 2, id: str = "") -> SafeString:
    """A white box; `tone` "person" or "safety" puts a coloured edge on it."""
    return _box("components/card.html", content, title=title, tone=tone, level=level, id=id)


@register.simple_block_tag
def next_step(content: str, title: str, url: str = "", label: str = "", minutes: int | None = None) -> SafeString:
    """The one thing to do next, with the page's one primary action. Put a `<form>` inside instead of `url` to post."""
    return _box("components/next_step.html", content, title=title, url=url, label=label, minutes=minutes)


@register.simple_block_tag
def callout(content: str, tone: str = "info", title: str = "", level: int = 2) -> SafeString:
    """A note that stands out: "info", "person" (a person should look) or "safety"."""
    if tone not in {"info", "person", "safety"}:
        raise ValueError(f"no such tone: {tone}")
    return _box("components/callout.html", content, tone=tone, title=title, level=level)


@register.simple_block_tag
def data_table(content: str, caption: str, cards: bool = True, hide_caption: bool = False) -> SafeString:
    """Wraps thead and tbody; with `cards` each row becomes a card on a phone, each cell led by its data-label."""
    return _box("components/data_table.html", content, caption=caption, cards=cards, hide_caption=hide_caption)


@register.simple_block_tag
def filter_form(content: str, submit: str = "Show", clear_url: str = "", label: str = "Filter") -> SafeString:
    """A GET form around filter fields; `clear_url` adds "Show all"."""
    return _box("components/filter_form.html", content, submit=submit, clear_url=clear_url, label=label)


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, text: str = "", url: str = "", label: str = "") -> dict[str, str]:
    """What would fill the list, and the action that does."""
    return {"title": title, "text": text, "url": url, "label": label}


@register.inclusion_tag("components/crisis_box.html", takes_context=True)
def crisis_box(context: Context, title: str = "If you need help now") -> dict[str, object]:
    """988 by call and text, 911, the clinic's line. Needs the `clinic` context processor for the phone."""
    return {"title": title, "clinic_phone": context.get("clinic_phone", "")}


# ---- lists ----------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/summary_list.html")
def summary_list(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """Rows of (label, value) or of parts.Row with a link to change it."""
    return {"rows": [as_row(row) for row in rows]}


@register.inclusion_tag("components/timeline.html")
def timeline(items: Iterable[Any]) -> dict[str, Iterable[Any]]:
    """Items of parts.TimelineItem, in the order they are to be read."""
    return {"items": items}


@register.inclusion_tag("components/tabs.html")
def tab_links(tabs: Iterable[Any], label: str = "Views") -> dict[str, object]:
    """Tabs as plain links: parts.Tab, one of them current."""
    return {"tabs": tabs, "label": label}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any], what: str = "result", plural: str = "") -> dict[str, object]:
    """How many there are, which are shown, previous and next; keeps the other query parameters."""
    many = plural or f"{what}s"
    return {
        "page": page,
        "total": page.paginator.count,
        "what": what if page.paginator.count == 1 else many,
        "previous_query": _page_query(context, page.previous_page_number() if page.has_previous() else None),
        "next_query": _page_query(context, page.next_page_number() if page.has_next() else None),
    }


def _page_query(context: Context, number: int | None) -> str:
    if number is None:
        return ""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    query["page"] = str(number)
    return f"?{query.urlencode()}"


# ---- forms ----------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: forms.BaseForm) -> dict[str, object]:
    """The box on top of a refused form: every message once, each linked to its field. Nothing for a good form."""
    return {"problems": problems(form)}


@register.filter
def problems(form: forms.BaseForm) -> Sequence[tuple[str, str]]:
    """(target id, message) for each error of the form, in the order of its fields; target is empty without a field."""
    if not form.is_bound:
        return []
    found = [("", kind_error(str(message))) for message in form.non_field_errors()]
    for field in form:
        target = "" if field.is_hidden else error_target(field)
        # A message taken from its field says little on its own: "Your name: please fill this in."
        label = str(field.label or "") if target else ""
        lead = f"{label}{'' if label.endswith('?') else ':'} " if label else ""
        found += [(target, f"{lead}{kind_error(str(message))}") for message in field.errors]
    return found


@register.filter
def kind(message: object) -> str:
    """An error message in the clinic's words."""
    return kind_error(str(message))


@register.filter
def without_placeholders(form: forms.BaseForm) -> forms.BaseForm:
    """The form with labels only: a placeholder vanishes when one begins to type."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    return form


@register.filter
def error_target(field: BoundField) -> str:
    """The id of the first control of a field, where a link from the summary should land."""
    if isinstance(field.field.widget, forms.CheckboxSelectMultiple | forms.RadioSelect | forms.MultiWidget):
        return f"{field.auto_id}_0"
    return field.auto_id
