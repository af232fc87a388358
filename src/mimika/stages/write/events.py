"""Where events go: JSON lines in a file or on standard output."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from mimika.data.errors import OutputError
from mimika.data.events import Event
from mimika.stages.write.files import LineFile


class EventSink(Protocol):
    """Takes events, one by one; leaving the `with` block completes what is under way."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, event: Event) -> None:
        """Take an event; never waits for anyone outside."""


class EventLines:
    """Writes each event as one line of JSON as soon as it comes; lines once written survive a killed process.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, force: bool = False) -> None:
        self.path, self._force = Path(path), force

    def __enter__(self) -> Self:
        self._file = LineFile(self.path, self._force)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def send(self, event: Event) -> None:
        """Add one line."""
        self._file.write(event_line(event).encode())


class EventOutput:
    """Writes each event as one line of JSON to standard output, for programs that read it through a pipe.

    Raises:
        OutputError: if nobody reads any more.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to complete: every line was flushed."""

    def send(self, event: Event) -> None:
        """Write one line."""
        try:
            sys.stdout.write(event_line(event))
            sys.stdout.flush()
        except OSError as error:
            raise OutputError("standard output", f"cannot be written ({error.strerror or error})") from error


def event_line(event: Event) -> str:
    """Return an event as one line of JSON."""
    return json.dumps(event.as_json(), ensure_ascii=False, allow_nan=False) + "\n"
