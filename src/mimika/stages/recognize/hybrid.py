"""The router: which faces a second model is asked about, in the background, and how its answers come into the rows.

The local answer is always there at once. A request goes out from a thread of its own; its answer is mixed into the rows
of the same face while that face still looks the way it did when it was asked about, and each such row says so in its
`origin`.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError, OutputError
from mimika.data.labels import FERPLUS, UNSURE
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion
from mimika.stages.recognize.fusion import Fusion
from mimika.stages.recognize.looks import Looks, look_of
from mimika.stages.recognize.sending import Picture, picture_of

HOLD_S = 2.0
"""An opinion counts for the frames of its face up to so many seconds from the one that was asked about."""
_STILL = 0.85
"""It no longer counts when the local probabilities overlap less than this (Bhattacharyya coefficient) with then."""
_PAUSE_S = 5.0
"""After a failure a track is not asked about for so long."""
_AUDIT_STEP_S = 1.0


class Asks(Protocol):
    """What the router needs of `asking.Asker`."""

    counts: Counter[str]
    reasons: dict[str, str]
    options: CloudOptions

    def opinion(self, picture: Picture, subject: str = "") -> Opinion:
        """Ask for the expression of the face on a picture."""
        ...

    def close(self) -> None:
        """End waiting."""
        ...


@dataclass(frozen=True, slots=True)
class _Task:
    """One face to be asked about; `recording` tells answers that come too late for theirs."""

    recording: int
    source: str
    track: int
    time_s: float
    asked_at: float
    local: NDArray[np.float32]
    look: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class _Given:
    time_s: float
    local: NDArray[np.float32]
    opinion: Opinion


class SecondOpinion:
    """Asks about faces as `when` says, and mixes what comes back into their rows by `fusion`.

    Live: `follow` each observation; it comes back at once, refined by what is known by then. Files: `see` each
    observation, `settle` once, then `refine` each. `reset` begins a new recording. `with` ends the threads.

    `compared` counts, for `audit`, how often both named the same: "same", "other". `refined` counts rows.
    """

    def __init__(
        self, asker: Asks, when: When, fusion: Fusion | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.asker, self._when, self._clock = asker, when, clock
        self.fusion = fusion if fusion is not None else Fusion()
        self._looks = Looks()
        self._lock = threading.Condition()
        self._given: dict[int, list[_Given]] = {}
        self._waiting: Counter[int] = Counter()
        self._not_before: dict[int, float] = {}
        self._recording = 0
        self._failed: OutputError | None = None
        self._queue: queue.Queue[_Task | None] = queue.Queue(2 * asker.options.parallel)
        self._threads: list[threading.Thread] = []
        self.compared, self.refined, self.skipped = Counter[str](), 0, Counter[str]()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; a request under way is left to itself and its answer dropped."""
        self.asker.close()
        self._recording += 1
        for _ in self._threads:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                self._queue.get_nowait()
                self._queue.put_nowait(None)

    def reset(self) -> None:
        """Begin a new recording; answers still under way for the old one are dropped."""
        with self._lock:
            self._recording += 1
            self._given.clear()
            self._waiting.clear()
            self._not_before.clear()

    def follow(self, observation: Observation) -> Observation:
        """Ask about the faces that need it, without waiting, and return the observation with what is known."""
        self.see(observation)
        return self.refine(observation, ahead=False)

    def see(self, observation: Observation) -> None:
        """Ask about the faces of an observation that need it, without waiting.

        Raises:
            OutputError: if an earlier request could not be noted; asking has ended then.
        """
        if self._failed is not None:
            raise self._failed
        for row in range(len(observation)):
            track, time_s = int(observation.faces.ids[row]), observation.frame.time_s
            if self._wanted(observation, row, track, time_s):
                self._submit(observation, row, track, time_s)

    def settle(self, seconds: float | None = None) -> bool:
        """Wait until all that was asked is answered, at most `seconds` or the deadline; returns whether it is."""
        limit = self.asker.options.deadline_s if seconds is None else seconds
        with self._lock:
            return self._lock.wait_for(lambda: not any(self._waiting.values()), timeout=limit)

    def refine(self, observation: Observation, ahead: bool = True) -> Observation:
        """Return the observation with opinions mixed in where they count; `ahead` also uses those on later frames."""
        if self._when.method == "audit" or not len(observation):
            return observation
        shown = observation.expressions
        opinions = [self._counts_for(observation, row, ahead) for row in range(len(observation))]
        if not any(opinions):
            return observation
        fused = shown.probabilities.copy()
        for row, opinion in enumerate(opinions):
            if opinion is not None:
                opinions[row] = replace(opinion, local=shown.probabilities[row].copy())
                fused[row] = self.fusion(shown.probabilities[row][None], opinion.probabilities[None])[0]
        self.refined += sum(opinion is not None for opinion in opinions)
        return replace(observation, expressions=replace(shown, probabilities=fused), opinions=tuple(opinions))

    def _wanted(self, observation: Observation, row: int, track: int, time_s: float) -> bool:
        """Return whether the choice `when` asks about this face now, and nothing stands against it."""
        with self._lock:
            if self._waiting[track] or time_s < self._not_before.get(track, -1e9):
                return False
            given = self._given.get(track, [])
        method, value = self._when.method, self._when.value
        if method == "unsure":
            return observation.expressions.labels[row] == UNSURE and not self._known(given, observation, row)
        if method == "every":
            return not given or time_s - given[-1].time_s >= value
        if method == "audit":
            with self._lock:
                self._not_before[track] = time_s + _AUDIT_STEP_S
            return _draw(observation, track) < value
        return False

    def _known(self, given: list[_Given], observation: Observation, row: int) -> bool:
        local, now = observation.expressions.probabilities[row], observation.frame.time_s
        return any(abs(one.time_s - now) <= HOLD_S and _overlap(one.local, local) >= _STILL for one in given)

    def _counts_for(self, observation: Observation, row: int, ahead: bool) -> Opinion | None:
        """Return the opinion nearest in time that still counts for a face."""
        with self._lock:
            given = list(self._given.get(int(observation.faces.ids[row]), []))
        local, now = observation.expressions.probabilities[row], observation.frame.time_s
        near = [one for one in given if (ahead or one.time_s <= now) and abs(one.time_s - now) <= self._hold_s]
        fits = [one for one in near if _overlap(one.local, local) >= _STILL]
        return min(fits, key=lambda one: abs(one.time_s - now)).opinion if fits else None

    @property
    def _hold_s(self) -> float:
        return max(HOLD_S, self._when.value) if self._when.method == "every" else HOLD_S

    def _submit(self, observation: Observation, row: int, track: int, time_s: float) -> None:
        """Take a known opinion on the same look, or put the face in line; where the line is full it goes without."""
        frame, local = observation.frame, observation.expressions.probabilities[row].copy()
        look = look_of(frame.luma, observation.measurements.meshes[row])
        known = self._looks.find(frame.source, track, time_s, look)
        if known is not None:
            self.asker.counts["cached"] += 1
            with self._lock:
                self._given.setdefault(track, []).append(_Given(time_s, local, known))
            return
        if self._queue.full():
            self.skipped["too many waiting"] += 1
            return
        picture = picture_of(observation, row, self.asker.options)
        task = _Task(self._recording, frame.source, track, time_s, self._clock(), local, look, picture)
        with self._lock:
            self._waiting[track] += 1
        self._queue.put_nowait(task)
        if len(self._threads) < self.asker.options.parallel:
            self._threads.append(threading.Thread(target=self._run, name="mimika-cloud", daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        """Ask about one face after the other until None comes."""
        while (task := self._queue.get()) is not None:
            opinion = self._ask(task)
            with self._lock:
                if task.recording == self._recording:
                    self._waiting[task.track] -= 1
                    self._take(task, opinion)
                    self._lock.notify_all()

    def _ask(self, task: _Task) -> Opinion | None:
        try:
            opinion = self.asker.opinion(task.picture, f"face {task.track} at {task.time_s:.3f} s")
        except CloudError:
            return None
        except OutputError as error:
            self._failed = error
            return None
        if self._clock() - task.asked_at > self.asker.options.deadline_s:
            self.skipped["too late"] += 1
            return None
        return opinion

    def _take(self, task: _Task, opinion: Opinion | None) -> None:
        """Keep an answer for its track, or leave the track alone for a while; the lock is held."""
        if opinion is None:
            self._not_before[task.track] = task.time_s + _PAUSE_S
            return
        self._looks.keep(task.source, task.track, task.time_s, task.look, opinion)
        self._given.setdefault(task.track, []).append(_Given(task.time_s, task.local, opinion))
        named = FERPLUS[int(task.local.argmax())]
        self.compared["same" if named == opinion.label else "other"] += 1


def report(second: SecondOpinion) -> tuple[list[str], list[str]]:
    """Return what is to be said at the end: lines of counts, and one line for each kind of failure."""
    asker, counts = second.asker, second.asker.counts
    cost, compared = getattr(asker, "cost_usd", 0.0), sum(second.compared.values())
    asked = f"{counts['asked']} requests to {asker.options.host}, {counts['answered']} answers, {cost:.4f} USD"
    told = [f"second opinion: {asked}; {second.refined} rows refined"]
    if compared:
        same = second.compared["same"]
        told.append(
            f"second opinion: both named the same on {same} of {compared} faces ({100 * same / compared:.0f} %)"
        )
    troubles = [
        f"second opinion: {counts[kind]} not had ({reason}); the local answer stands"
        for kind, reason in asker.reasons.items()
    ]
    return told, troubles + [f"second opinion: {count} not used: {why}" for why, count in second.skipped.items()]


def _overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the Bhattacharyya coefficient of two distributions: 1 alike, 0 nothing in common."""
    return float(np.sqrt(first.astype(np.float64) * second.astype(np.float64)).sum())


def _draw(observation: Observation, track: int) -> float:
    """Return a number 0..1 that chance would give, the same at every run over the same recording."""
    key = f"{observation.frame.source}|{track}|{observation.frame.time_s:.6f}".encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:6], "big") / 2**48
