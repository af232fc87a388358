"""A note of every request that left the machine: when, where to, how much, what became of it; never the picture."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from mimika.stages.write.files import output_error

ACTION = "second_opinion"


class Audit(Protocol):
    """Where notes go: the store's audit log, or a file."""

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> Any:
        """Add one note; nothing that was noted is ever changed."""
        ...


class AuditFile:
    """A file of JSON lines to which notes are only ever added; readable by its owner alone.

    Raises:
        OutputError: if it cannot be written; then nothing must be sent either.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
        except OSError as error:
            raise output_error(error, path) from error

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> None:
        """Add one note."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "action": action, "owner": owner, "subject": subject} | details
        try:
            with self._lock, self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise output_error(error, self.path) from error
