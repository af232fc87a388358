"""Ctrl-C and SIGTERM, so that they end a run between two rows and never inside one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupted(KeyboardInterrupt):
    """A signal came while waiting for the next frame."""


class Interrupts:
    """Catches SIGINT and SIGTERM inside its `with` block; outside of the main thread it does nothing.

    The first signal sets `signal` and, inside `waiting()`, also ends the waiting with `Interrupted`; a second one
    raises KeyboardInterrupt wherever the program is. With `reads_stdin` the waiting is not ended by an exception, which
    would be lost inside the decoder that called for more data, but by an end of standard input.
    """

    def __init__(self, reads_stdin: bool = False) -> None:
        self._reads_stdin = reads_stdin
        self.signal: int | None = None
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark a stretch of work that may be given up at any point."""
        self._waiting = True
        try:
            if self.signal is not None:
                raise Interrupted
            yield
        finally:
            self._waiting = False

    def _caught(self, number: int, where: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        if self._reads_stdin:
            _end_stdin()
        elif self._waiting:
            raise Interrupted


def _end_stdin() -> None:
    """Let every further read of standard input, a blocked one included, find its end."""
    with suppress(OSError, ValueError):
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, sys.stdin.fileno())
        os.close(empty)
