"""Events of a recording or a camera: rules watch the indicators, marks come from outside, sinks take what happens."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from mimika.data.events import Event, EventRule, Mark
from mimika.data.observation import Observation
from mimika.stages.timeline.events import RuleWatch
from mimika.stages.timeline.marks import MarkFile, load_marks
from mimika.stages.timeline.rules import default_rules, load_rules
from mimika.stages.write.events import EventSink

_POLL_S = 0.2


class Events:
    """Turns observations into events by rules.

    `rules`: the path of a rules file, rules, or None for the default ones. `marks`: the path of a file of marks, or
    marks. `sinks` take each event as well; they are opened by `with`. `growing` is a file of marks that another program
    writes meanwhile.

    >>> events = Events(marks=[Mark("error", 12.5)])
    >>> for observation in analyze_video("talk.mp4"):
    ...     for event in events.follow(observation):
    ...         print(event)

    Raises:
        OptionError: if the rules are wrong, naming the rule and the field.
        InputError: if the marks cannot be read.
    """

    def __init__(
        self,
        rules: str | os.PathLike[str] | Iterable[EventRule] | None = None,
        marks: str | os.PathLike[str] | Iterable[Mark] = (),
        sinks: Iterable[EventSink] = (),
        growing: Path | None = None,
    ) -> None:
        if rules is None:
            chosen = default_rules()
        else:
            chosen = load_rules(Path(rules)) if isinstance(rules, str | os.PathLike) else tuple(rules)
        given = load_marks(Path(marks)) if isinstance(marks, str | os.PathLike) else list(marks)
        self._watch, self._sinks, self._open = RuleWatch(chosen, given), tuple(sinks), ExitStack()
        self._growing, self._polled = MarkFile(growing) if growing is not None else None, 0.0
        self.count, self._now = 0, 0.0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    @property
    def wrong_marks(self) -> list[str]:
        """What was passed over in a growing file of marks, one message each."""
        return self._growing.wrong if self._growing is not None else []

    def reset(self) -> None:
        """Begin another recording; the marks given at first stay."""
        self._watch.reset()

    def mark(self, name: str, time_s: float | None = None) -> None:
        """Say that something happened, at a presentation time in seconds or with the latest frame."""
        self._watch.mark(Mark(name, self._now if time_s is None else time_s))

    def follow(self, observation: Observation) -> list[Event]:
        """Take in the next frame; returns the events it brings, which the sinks have been given."""
        self._now = observation.frame.time_s
        if self._growing is not None and not 0 < self._now - self._polled < _POLL_S:
            self._polled = self._now
            for mark in self._growing.poll(self._now):
                self._watch.mark(mark)
        return self._tell(self._watch.follow(observation))

    def finish(self) -> list[Event]:
        """End all states, as at the end of a recording; returns the events that this brings."""
        return self._tell(self._watch.finish())

    def over(self, observations: Iterable[Observation]) -> Generator[Observation]:
        """Give the observations on as they come, following them."""
        self.reset()
        try:
            for observation in observations:
                self.follow(observation)
                yield observation
        finally:
            self.finish()

    def _tell(self, events: list[Event]) -> list[Event]:
        self.count += len(events)
        for event in events:
            for sink in self._sinks:
                sink.send(event)
        return events
