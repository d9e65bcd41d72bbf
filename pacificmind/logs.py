"""Logs that cannot carry patient data: an exception is told by its type and place, never by its message or values.

A database error's message quotes the row, a validation error's the input: both may be somebody's answers.
Nor do they carry keys: whoever reads a private calendar address or an invitation in a log could use it.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

PLACES = 8
# A segment of a path long enough to be a token. UUIDs are names, not permissions: they stay, to find a fault by.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN = re.compile(rf"(?<=/)(?!{_UUID}(?![\w:-]))[\w:-]{{20,}}", re.ASCII)


def without_tokens(said: str) -> str:
    """The text with every token in an address replaced."""
    return _TOKEN.sub("(key)", said)


def places(kind: type[BaseException], trace: TracebackType | None) -> str:
    """The exception's type and the last places of code it went through."""
    frames = traceback.extract_tb(trace)[-PLACES:]
    return f"{kind.__name__} at " + " < ".join(f"{f.filename}:{f.lineno}:{f.name}" for f in reversed(frames))


def of_the_request(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The reference also in what Django says of an answer once the middleware has let go of it (each 404)."""
    record = event.get("_record")
    if ref := getattr(getattr(record, "request", None), "ref", ""):
        event.setdefault("request_ref", ref)
    return event


def quiet_exceptions(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor in the place of format_exc_info: type and places instead of the whole traceback."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    if isinstance(info, BaseException):
        event["exception"] = places(type(info), info.__traceback__)
    else:
        kind, _, trace = info if isinstance(info, tuple) else sys.exc_info()
        if kind is not None:
            event["exception"] = places(kind, trace)
    return event


class QuietFormatter(structlog.stdlib.ProcessorFormatter):
    """Structlog's formatter for records of the standard library: exceptions reduced in the same way, no tokens."""

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, dict):  # structlog's own: its processors have seen it
            return super().format(record)
        said = without_tokens(record.getMessage())
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            said = f"{said.splitlines()[0]} [{places(kind, trace)}]"
        record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        record.msg, record.args = said, ()
        return super().format(record)
