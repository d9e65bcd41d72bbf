"""A log never carries what an exception's message quotes."""

import io
import logging

import pytest
import structlog

SECRET = "canary-7351"


@pytest.fixture
def written() -> io.StringIO:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logging.getLogger("canary").addHandler(handler)
    return stream


@pytest.mark.parametrize("logger", [logging.getLogger("canary"), structlog.get_logger("canary")])
def test_an_exception_is_told_by_type_and_place(logger: logging.Logger, written: io.StringIO) -> None:
    try:
        raise ValueError(f"row ({SECRET})")
    except ValueError:
        logger.exception("something failed")
    assert "ValueError" in written.getvalue()
    assert "test_logs.py" in written.getvalue()
    assert SECRET not in written.getvalue()
