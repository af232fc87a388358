"""The line between a process that analyses videos and the server that started it: its standard output and input."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress


class Parent:
    """Speaks to the server with `say`, from any thread; each line from it wakes this process and goes to the `ears`.

    `over` is set when the server is gone.
    """

    def __init__(self) -> None:
        self.over, self.wake = threading.Event(), threading.Event()
        self.ears: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, daemon=True, name="parent").start()

    def stop(self, *_: object) -> None:
        """Let the process end; also what signals are given."""
        self.over.set()
        self.wake.set()

    def say(self, line: str) -> None:
        """Write a line that the runner reads; nothing happens where it is gone."""
        with self._lock, suppress(OSError):
            print(line, flush=True)  # noqa: T201  read by the runner

    def _listen(self) -> None:
        # Not through sys.stdin, whose lock a thread that waits would hold when the process ends.
        begun = b""
        while more := os.read(0, 1 << 16):
            self.wake.set()
            *lines, begun = (begun + more).split(b"\n")
            for line in filter(None, lines):
                for ear in self.ears:
                    ear(line.decode("utf-8"))
        self.stop()
