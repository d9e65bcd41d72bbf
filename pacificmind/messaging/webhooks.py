"""What Twilio calls: what became of a text, and texts that came in. Signed by it, or refused."""

import base64
import hashlib
import hmac
import uuid

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from pacificmind.accounts.access import public
from pacificmind.messaging import inbound, reports

log = structlog.get_logger(__name__)
_NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # our answers leave through the ledger
_SHORT = 64


def signature(url: str, told: QueryDict, key: str) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and the sorted fields, in base64 (Twilio's "Security" page)."""
    fields = "".join(name + value for name in sorted(told) for value in sorted(set(told.getlist(name))))
    digest = hmac.new(key.encode(), (url + fields).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _is_signed(request: HttpRequest) -> bool:
    """By the address as the provider knows it: BASE_URL, never what the request says of itself."""
    if not settings.TWILIO_AUTH_TOKEN:
        return False
    url = f"{settings.BASE_URL.rstrip('/')}{request.get_full_path()}"
    wanted = signature(url, request.POST, settings.TWILIO_AUTH_TOKEN)
    return hmac.compare_digest(wanted.encode(), request.headers.get("X-Twilio-Signature", "").encode())


def _refused() -> HttpResponse:
    log.warning("call-back without a right signature")
    return HttpResponse("This was not signed by the provider.", status=400, content_type="text/plain")


@csrf_exempt
@require_POST
@public
def sms_status(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """What became of a text."""
    if not _is_signed(request):
        return _refused()
    told = request.POST
    reports.report(
        message_id,
        reference=told.get("MessageSid", "")[:_SHORT],
        state=told.get("MessageStatus", ""),
        code=told.get("ErrorCode", "")[:10],
    )
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
@public
def sms_inbound(request: HttpRequest) -> HttpResponse:
    """A text to the clinic's number."""
    if not _is_signed(request):
        return _refused()
    told = request.POST
    if reference := told.get("MessageSid", "")[:_SHORT]:
        words = told.get("Body", "").replace("\x00", "")
        inbound.receive(reference=reference, phone=told.get("From", "")[:20], text=words)
    return HttpResponse(_NOTHING_TO_SAY, content_type="text/xml")
