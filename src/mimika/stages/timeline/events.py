"""From lasting states to events: hysteresis, a shortest duration, a pause between two, and marks from outside."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mimika.data.events import Event, EventRule, Mark
from mimika.data.observation import Observation
from mimika.stages.timeline.signals import signal
from mimika.stages.timeline.windows import GAP_S, Level


@dataclass(slots=True)
class _State:
    """How far one rule is with one face."""

    level: Level
    told: bool = False
    last_s: float = -math.inf
    since_s: float = 0.0
    used: set[int] = field(default_factory=set)
    mark: Mark | None = None


class RuleWatch:
    """Watches all faces of a recording or a camera by some rules; looks back only.

    Two events "begin" of one rule and face lie at least its `cooldown_s` apart, and each comes only after its state has
    held for `lasting_s`, counted from where the signal reached `enter`. Each "begin" is followed by one "end". A
    missing value (NaN) counts as the end of the state, unless it comes back within `bridge_s`.
    """

    def __init__(self, rules: Sequence[EventRule], marks: Iterable[Mark] = ()) -> None:
        self._rules, self._given = tuple(rules), list(marks)
        # A face whose pauses are over has nothing left to be remembered for.
        self._forget_s = max([60.0, *(rule.cooldown_s + rule.bridge_s for rule in self._rules)])
        self.reset()

    def reset(self) -> None:
        """Forget the recording and the marks that were made meanwhile; those given at first stay."""
        self._states: dict[int, list[_State]] = {}
        self._seen: dict[int, float] = {}
        self._marks, self._source, self._now = list(self._given), "", 0.0

    def mark(self, mark: Mark) -> None:
        """Take note of something that happened outside."""
        self._marks.append(mark)

    def follow(self, observation: Observation) -> list[Event]:
        """Take in the next frame; returns what it brings, in the order of faces and rules."""
        self._source, self._now = observation.frame.source, observation.frame.time_s
        events = []
        for row, face in enumerate(observation.faces.ids.tolist()):
            self._seen[face] = self._now
            states = self._states.setdefault(face, [_fresh(rule) for rule in self._rules])
            for rule, state in zip(self._rules, states, strict=True):
                events += self._step(rule, state, face, signal(observation, row, rule.signal))
        for face, seen in list(self._seen.items()):
            if seen < self._now:
                events += self._away(face, self._now - seen)
            if self._now - seen > self._forget_s:
                del self._seen[face], self._states[face]
        return events

    def finish(self) -> list[Event]:
        """End all states, as at the end of a recording."""
        return [event for face in self._states for event in self._away(face, math.inf)]

    def _step(self, rule: EventRule, state: _State, face: int, value: float) -> list[Event]:
        """Move one rule on by one value of one face."""
        ended = state.level.update(self._now, value)
        events = self._ended(rule, state, face, ended, value)
        reached = state.level.reached_s
        if state.told or reached is None or not state.level.high:
            return events
        long_enough = self._now - reached >= rule.lasting_s - 1e-9
        if long_enough and self._now - state.last_s >= rule.cooldown_s and self._marked(rule, state, reached):
            state.told, state.last_s = True, self._now
            events.append(self._event(rule, state, face, "begin", reached, self._now - reached, value))
        return events

    def _away(self, face: int, for_s: float) -> list[Event]:
        """End the states of a face that is away for too long."""
        events = []
        for rule, state in zip(self._rules, self._states[face], strict=True):
            if for_s > max(GAP_S, rule.bridge_s):
                events += self._ended(rule, state, face, state.level.close(), math.nan)
        return events

    def _ended(
        self, rule: EventRule, state: _State, face: int, ended: tuple[float, float] | None, value: float
    ) -> list[Event]:
        """Tell the end of a state whose beginning was told."""
        if ended is None or not state.told:
            return []
        state.told = False
        since, until = state.since_s, ended[1]
        return [self._event(rule, state, face, "end", since, until - since, value)]

    def _marked(self, rule: EventRule, state: _State, reached_s: float) -> bool:
        """Return whether the state followed a mark that it was to follow; the mark then counts as used."""
        if not rule.after:
            return True
        for number, mark in enumerate(self._marks):
            if mark.name == rule.after and number not in state.used and 0 <= reached_s - mark.time_s <= rule.within_s:
                state.used.add(number)
                state.mark = mark
                return True
        return False

    def _event(
        self, rule: EventRule, state: _State, face: int, phase: str, since_s: float, lasted_s: float, value: float
    ) -> Event:
        state.since_s = since_s
        told = Event(
            *(rule.name, phase, face, self._source, self._now, since_s, lasted_s, rule.signal, value),
            *(rule.message, rule.suggest),
        )
        mark = state.mark
        return told if mark is None else replace(told, mark=mark.name, mark_s=mark.time_s)


def _fresh(rule: EventRule) -> _State:
    return _State(Level(rule.enter, rule.leave, rule.bridge_s))
