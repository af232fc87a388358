"""Events: a rule's state has begun or ended; marks: what another program says happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mimika.data.errors import OptionError

PHASES = ("begin", "end")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something outside the picture that happened at a presentation time in seconds, such as "error" or "task 3".

    Raises:
        OptionError: without a name, or if the time is no finite number.
    """

    name: str
    time_s: float

    def __post_init__(self) -> None:
        if not self.name:
            raise OptionError("mark: expected a name, received nothing")
        if not math.isfinite(self.time_s):
            raise OptionError(f"mark {self.name!r}: time_s: expected a number of seconds, received {self.time_s}")


@dataclass(frozen=True, slots=True)
class EventRule:
    """When a state of a face is worth an event.

    The state begins once `signal` reaches `enter` and ends when it crosses `leave`; with `enter` below `leave` it is
    low values that count. Dips and absences up to `bridge_s` seconds do not end it. The event comes when it has held
    for `lasting_s` seconds, and not within `cooldown_s` seconds of the last one of the same rule and face. With
    `after`, only states count that began at most `within_s` seconds after a mark of that name, one event a mark.
    `message` and `suggest` are passed on.
    """

    name: str
    signal: str
    enter: float
    leave: float
    lasting_s: float = 0.0
    cooldown_s: float = 60.0
    bridge_s: float = 1.0
    message: str = ""
    suggest: str = ""
    after: str = ""
    within_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """A rule's state has held for long enough ("begin"), or is over ("end").

    `face` is the track id, `time_s` the presentation time of the frame that brought it, `since_s` when the state began,
    `lasted_s` for how long it has held by now, or held; `signal` and its `value`; `mark` and `mark_s` the mark that it
    followed, if the rule asks for one.

    Raises:
        OptionError: for an unknown phase.
    """

    rule: str
    phase: str
    face: int
    source: str
    time_s: float
    since_s: float
    lasted_s: float
    signal: str
    value: float
    message: str = ""
    suggest: str = ""
    mark: str = ""
    mark_s: float | None = None

    def __post_init__(self) -> None:
        if self.phase not in PHASES:
            raise OptionError(f"phase: expected one of {', '.join(PHASES)}, received {self.phase!r}")

    def as_json(self) -> dict[str, Any]:
        """Return the event as it is written and sent; numbers rounded, None where there is none."""
        return {
            "event": self.rule,
            "phase": self.phase,
            "source": self.source,
            "face_id": self.face,
            "time_s": round(self.time_s, 4),
            "since_s": round(self.since_s, 4),
            "lasted_s": round(self.lasted_s, 4),
            "signal": self.signal,
            "value": round(self.value, 4) if math.isfinite(self.value) else None,
            "message": self.message,
            "suggest": self.suggest,
            "mark": self.mark or None,
            "mark_s": None if self.mark_s is None else round(self.mark_s, 4),
        }

    def __str__(self) -> str:
        said = self.message or self.rule
        over = "" if self.phase == "begin" else "over: "
        hint = f" (suggested: {self.suggest})" if self.suggest and self.phase == "begin" else ""
        return f"{self.time_s:8.2f} s  face {self.face}: {over}{said}, {self.lasted_s:.1f} s{hint}"
