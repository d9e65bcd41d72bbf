"""The page behind the link in a mail that ends such mails, and the press of a mail program (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pacificmind.accounts.access import public
from pacificmind.messaging import stopping, topics
from pacificmind.messaging.catalogue import SPANISH
from pacificmind.messaging.kinds import CHECK_INS, FRIENDLY


@never_cache
@csrf_exempt  # a mail program has no cookie of ours; the signed link is what it brings
@require_http_methods(["GET", "HEAD", "POST"])
@public
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once, then end it. Looking at it changes nothing: mail scanners look."""
    message = stopping.message_of(token)
    if message is None or not topics.topic_of(message):
        return render(request, "ledger/stop.html", {"dead": True}, status=404)
    if request.method == "POST":
        topics.end_by_link(message, address=request.META.get("REMOTE_ADDR") or None)
    context = {
        "done": request.method == "POST",
        "check_ins": topics.topic_of(message) == CHECK_INS,
        "friendly": topics.topic_of(message) == FRIENDLY,
        "spanish": message.language == SPANISH,
    }
    return render(request, "ledger/stop.html", context)
