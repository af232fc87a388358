"""What is told of every request that left the machine: when, where to, how much, what became of it; no picture."""

from __future__ import annotations

from typing import Any, Protocol

ACTION = "second_opinion"


class Audit(Protocol):
    """Where notes go: the store's audit log, or a file."""

    def note(self, action: str, owner: str, subject: str = "", **details: Any) -> Any:
        """Add one note; nothing that was noted is ever changed."""
        ...
