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


@pytest.mark.parametrize(
    "path",
    [
        "/calendar/feed/J2W0vC5x-TqQ8mN3k_aZbg.ics",
        "/calendar/feed/J2W0vC5x-TqQ8mN3k_aZbg.ics/",
        "/invitation/J2W0vC5x-TqQ8mN3k_aZbg/",
        "/accounts/confirm-email/MQ:1tAbCd:J2W0vC5x-TqQ8mN3k_aZbg/",
    ],
)
def test_a_key_in_an_address_is_not_written_down(written: io.StringIO, path: str) -> None:
    logging.getLogger("canary").warning("Too Many Requests: %s", path)
    assert "J2W0vC5x" not in written.getvalue()
    assert f"Too Many Requests: {path.split('/J2')[0].split('/MQ')[0]}/(key)" in written.getvalue()


def test_the_name_of_a_row_is_written_down(written: io.StringIO) -> None:
    path = "/visits/0b6f1d3e-52f7-4f0c-9d35-0f6f2f8c1a11/move/"
    logging.getLogger("canary").warning("Not Found: %s", path)
    assert path in written.getvalue()
