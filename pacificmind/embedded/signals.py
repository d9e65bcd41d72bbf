"""Being asked to stop, without a race: the handler only notes it, and every wait also watches a pipe."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Someone asked to stop while we were starting."""


class Wakeup:
    """A sleep that ends early when a signal arrives, a child's end (SIGCHLD) included."""

    def __init__(self) -> None:
        self.stopping = False
        self._read, self._write = os.pipe()
        for descriptor in (self._read, self._write):
            os.set_blocking(descriptor, False)

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)

    def sleep(self, seconds: float) -> None:
        """Sleep, or less if a signal arrives."""
        if select.select([self._read], [], [], max(seconds, 0))[0]:
            os.read(self._read, 4096)

    def check(self) -> None:
        """Raises Stopped once someone asked to stop."""
        if self.stopping:
            raise Stopped

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Listen to signals. A second Ctrl-C changes nothing: stopping is already under way."""
        handlers = {number: signal.signal(number, self._note) for number in (*STOPPING, signal.SIGCHLD)}
        previous = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPPING:
            self.stopping = True
