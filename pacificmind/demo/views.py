"""The demo's mailbox: what the clinic would have sent. Open to whoever can reach the demo, as its log-ins are."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pacificmind.accounts.access import public
from pacificmind.demo import mails, texts

_PER_PAGE = 25


@require_safe
@public
def mail_list(request: HttpRequest) -> HttpResponse:
    """All mails, newest first."""
    page = Paginator(mails.newest_first(), _PER_PAGE).get_page(request.GET.get("page"))
    shown = [mail for key in page if (mail := mails.read(key)) is not None]
    return render(request, "demo/mail_list.html", {"page": page, "mails": shown})


@require_safe
@public
def mail_show(request: HttpRequest, key: str) -> HttpResponse:
    """One mail: its text, the source of its HTML, its attachments."""
    return render(request, "demo/mail_show.html", {"mail": _mail(key)})


@require_safe
@public
def mail_attachment(request: HttpRequest, key: str, index: int) -> HttpResponse:
    """An attachment, always as a download: nothing in a mail runs here."""
    files = _mail(key).files
    if index >= len(files):
        raise Http404
    return _download(files[index].content, files[index].name, files[index].media)


@require_safe
@public
def mail_raw(request: HttpRequest, key: str) -> HttpResponse:
    """The mail as it arrived."""
    content = mails.raw(key)
    if content is None:
        raise Http404
    return _download(content, f"{key}.eml", "message/rfc822")


@require_safe
@public
def text_list(request: HttpRequest) -> HttpResponse:
    """All texts, newest first."""
    page = Paginator(texts.newest_first(), _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "demo/text_list.html", {"page": page, "texts": list(page)})


def _mail(key: str) -> mails.Mail:
    mail = mails.read(key)
    if mail is None:
        raise Http404
    return mail


def _download(content: bytes, name: str, media: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media)
    clean = "".join(sign for sign in name if sign.isalnum() or sign in "-_. ")
    response["Content-Disposition"] = f'attachment; filename="{clean}"'
    return response
