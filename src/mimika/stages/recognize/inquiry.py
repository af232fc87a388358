"""What was asked about the faces of one recording, and what is known of them since."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.opinion import HAD, Asked, Opinion

HOLD_S = 2.0
"""An opinion counts for the frames of its face up to so many seconds from the one that was asked about."""
_STILL = 0.85
"""It no longer counts when the local probabilities overlap less than this (Bhattacharyya coefficient) with then."""
_PAUSE_S = 5.0
"""After a failure a track is not asked about for so long."""
_NEWS = 4096
"""So many questions are remembered for somebody who writes them down; where nobody does, the oldest give way."""


@dataclass(frozen=True, slots=True)
class _Given:
    time_s: float
    local: NDArray[np.float32]
    opinion: Opinion


class Inquiry:
    """Questions and answers on one recording, or one photo; safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._given: dict[int, list[_Given]] = {}
        self._waiting: Counter[int] = Counter()
        self._not_before: dict[int, float] = {}
        self._news: deque[Asked] = deque(maxlen=_NEWS)

    def may_ask(self, face: int, time_s: float) -> bool:
        """Return whether no question about a face is under way, and it is not to be left alone."""
        with self._changed:
            return not self._waiting[face] and time_s >= self._not_before.get(face, -1e9)

    def leave_alone(self, face: int, until_s: float) -> None:
        """Ask nothing about a face before a time of the recording."""
        with self._changed:
            self._not_before[face] = until_s

    def begun(self, face: int) -> None:
        """Take note of a question that goes on its way."""
        with self._changed:
            self._waiting[face] += 1

    def ended(self, asked: Asked) -> None:
        """Take note of what became of a question that was on its way."""
        with self._changed:
            self.learn(asked)
            self._waiting[asked.face] -= 1
            self._changed.notify_all()

    def learn(self, asked: Asked, news: bool = True) -> None:
        """Take in what became of a question; `news` False for one that was written down before."""
        with self._changed:
            if asked.opinion is not None and asked.outcome in HAD:
                self._given.setdefault(asked.face, []).append(_Given(asked.time_s, asked.local, asked.opinion))
            else:
                self._not_before[asked.face] = asked.time_s + _PAUSE_S
            if news:
                self._news.append(asked)

    def news(self) -> list[Asked]:
        """Return what became of questions since the last call, in the order in which it was known."""
        with self._changed:
            found = list(self._news)
            self._news.clear()
        return found

    def settle(self, seconds: float | None) -> bool:
        """Wait until nothing is on its way, at most some seconds, None for however long; returns whether it is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not any(self._waiting.values()), timeout=seconds)

    def latest_s(self, face: int) -> float | None:
        """Return the time of the newest answer about a face, None if there is none."""
        with self._changed:
            given = self._given.get(face)
            return given[-1].time_s if given else None

    def nearest(
        self, face: int, time_s: float, local: NDArray[np.float32], hold_s: float = HOLD_S, ahead: bool = True
    ) -> Opinion | None:
        """Return the opinion on a face that is nearest in time, if one counts while it looks like `local` (8,).

        One counts for `hold_s` seconds; `ahead` False leaves out those on later frames.
        """
        with self._changed:
            given = list(self._given.get(face, []))
        near = [one for one in given if (ahead or one.time_s <= time_s) and abs(one.time_s - time_s) <= hold_s]
        fits = [one for one in near if _overlap(one.local, local) >= _STILL]
        return min(fits, key=lambda one: abs(one.time_s - time_s)).opinion if fits else None


def _overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the Bhattacharyya coefficient of two distributions: 1 alike, 0 nothing in common."""
    return float(np.sqrt(first.astype(np.float64) * second.astype(np.float64)).sum())
