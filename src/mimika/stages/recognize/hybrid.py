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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.cloud import CloudOptions, When
from mimika.data.errors import CloudError, MimikaError
from mimika.data.labels import FERPLUS, UNSURE
from mimika.data.observation import Observation
from mimika.data.opinion import Asked, Opinion
from mimika.stages.recognize.fusion import Fusion
from mimika.stages.recognize.inquiry import HOLD_S, Inquiry
from mimika.stages.recognize.looks import Looks, look_of
from mimika.stages.recognize.sending import Picture, picture_of

_AUDIT_STEP_S = 1.0


class Asks(Protocol):
    """What the router needs of `asking.Asker`."""

    counts: Counter[str]
    reasons: dict[str, str]
    options: CloudOptions

    def opinion(self, picture: Picture, subject: str = "", patient: bool = False) -> Opinion:
        """Ask for the expression of the face on a picture; `patient` waits for its place among the requests."""
        ...

    def close(self) -> None:
        """End waiting."""
        ...


@dataclass(frozen=True, slots=True)
class _Task:
    """One face to be asked about; `asked_at` None for a patient one, whose answer is never too late."""

    inquiry: Inquiry
    source: str
    track: int
    time_s: float
    asked_at: float | None
    local: NDArray[np.float32]
    look: int
    picture: Picture


class SecondOpinion:
    """Asks about faces as `when` says, and mixes what comes back into their rows by `fusion`.

    Live: `follow` each observation; it comes back at once, refined by what is known by then. Files: `see` each
    observation, `settle` once, then `refine` each. `begin` starts a new recording; `see`, `settle`, `refine` and `news`
    take one that was begun before, else they mean the newest, so that several photos may wait at once. `with` ends the
    threads.

    `compared` counts, for `audit`, how often both named the same: "same", "other". `refined` counts rows.
    """

    def __init__(
        self, asker: Asks, when: When, fusion: Fusion | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.asker, self._when, self._clock = asker, when, clock
        self.fusion = fusion if fusion is not None else Fusion()
        self._looks, self._inquiry = Looks(), Inquiry()
        self._ended = False
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
        self._ended = True
        self.asker.close()
        for _ in self._threads:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                self._queue.get_nowait()
                self._queue.put_nowait(None)

    def begin(self) -> Inquiry:
        """Begin a new recording or photo; answers still under way for the one before stay with that."""
        self._inquiry = Inquiry()
        return self._inquiry

    def restore(self, asked: Iterable[Asked]) -> None:
        """Take in what an earlier run over the same recording was answered, in the order of time."""
        for one in asked:
            self._inquiry.learn(one, news=False)
            if one.opinion is not None and one.outcome == "answered":
                self._looks.keep(one.source, one.face, one.time_s, one.look, one.opinion)

    def follow(self, observation: Observation) -> Observation:
        """Ask about the faces that need it, without waiting, and return the observation with what is known."""
        self.see(observation)
        return self.refine(observation, ahead=False)

    def see(self, observation: Observation, inquiry: Inquiry | None = None, patient: bool = False) -> None:
        """Ask about the faces of an observation that need it.

        Without waiting: where too many questions wait already, a face goes without. `patient` waits for room instead.
        """
        inquiry = inquiry or self._inquiry
        for row in range(len(observation)):
            if not self._ended and self._wanted(inquiry, observation, row):
                self._submit(inquiry, observation, row, patient)

    def settle(self, seconds: float | None = None, inquiry: Inquiry | None = None) -> bool:
        """Wait until all that was asked is answered, at most `seconds` or the deadline; returns whether it is."""
        return (inquiry or self._inquiry).settle(self.asker.options.deadline_s if seconds is None else seconds)

    def news(self, inquiry: Inquiry | None = None) -> list[Asked]:
        """Return what became of questions since the last call."""
        return (inquiry or self._inquiry).news()

    def refine(self, observation: Observation, ahead: bool = True, inquiry: Inquiry | None = None) -> Observation:
        """Return the observation with opinions mixed in where they count; `ahead` also uses those on later frames."""
        if self._when.method == "audit" or not len(observation):
            return observation
        inquiry, shown, now = inquiry or self._inquiry, observation.expressions, observation.frame.time_s
        hold_s = max(HOLD_S, self._when.value) if self._when.method == "every" else HOLD_S
        opinions = [
            inquiry.nearest(int(face), now, shown.probabilities[row], hold_s, ahead)
            for row, face in enumerate(observation.faces.ids)
        ]
        if not any(opinions):
            return observation
        fused = shown.probabilities.copy()
        for row, opinion in enumerate(opinions):
            if opinion is not None:
                opinions[row] = replace(opinion, local=shown.probabilities[row].copy())
                fused[row] = self.fusion(shown.probabilities[row][None], opinion.probabilities[None])[0]
        self.refined += sum(opinion is not None for opinion in opinions)
        return replace(observation, expressions=replace(shown, probabilities=fused), opinions=tuple(opinions))

    def _wanted(self, inquiry: Inquiry, observation: Observation, row: int) -> bool:
        """Return whether the choice `when` asks about this face now, and nothing stands against it."""
        track, time_s = int(observation.faces.ids[row]), observation.frame.time_s
        if not inquiry.may_ask(track, time_s):
            return False
        method, value = self._when.method, self._when.value
        if method == "unsure":
            local = observation.expressions.probabilities[row]
            return observation.expressions.labels[row] == UNSURE and inquiry.nearest(track, time_s, local) is None
        if method == "every":
            latest = inquiry.latest_s(track)
            return latest is None or time_s - latest >= value
        if method == "audit":
            inquiry.leave_alone(track, time_s + _AUDIT_STEP_S)
            return _draw(observation, track) < value
        return False

    def _submit(self, inquiry: Inquiry, observation: Observation, row: int, patient: bool) -> None:
        """Take a known opinion on the same look, or put the face in line; where the line is full it goes without."""
        frame, local = observation.frame, observation.expressions.probabilities[row].copy()
        track, time_s = int(observation.faces.ids[row]), frame.time_s
        look = look_of(frame.luma, observation.measurements.meshes[row])
        known = self._looks.find(frame.source, track, time_s, look)
        if known is not None:
            self.asker.counts["cached"] += 1
            inquiry.learn(Asked(frame.source, track, time_s, "cached", local, known, look=look))
            return
        if self._queue.full() and not patient:
            self.skipped["too many waiting"] += 1
            return
        picture = picture_of(observation, row, self.asker.options)
        asked_at = None if patient else self._clock()
        inquiry.begun(track)
        if len(self._threads) < self.asker.options.parallel:
            self._threads.append(threading.Thread(target=self._run, name="mimika-cloud", daemon=True))
            self._threads[-1].start()
        self._queue.put(_Task(inquiry, frame.source, track, time_s, asked_at, local, look, picture))

    def _run(self) -> None:
        """Ask about one face after the other until None comes."""
        while (task := self._queue.get()) is not None:
            asked = self._ask(task)
            if asked.opinion is not None and asked.outcome == "answered":
                self._looks.keep(asked.source, asked.face, asked.time_s, asked.look, asked.opinion)
                named = FERPLUS[int(asked.local.argmax())]
                self.compared["same" if named == asked.opinion.label else "other"] += 1
            task.inquiry.ended(asked)

    def _ask(self, task: _Task) -> Asked:
        told = Asked(task.source, task.track, task.time_s, "answered", task.local, look=task.look)
        subject, patient = f"face {task.track} at {task.time_s:.3f} s", task.asked_at is None
        try:
            opinion = self.asker.opinion(task.picture, subject, patient)
        except CloudError as error:
            return replace(told, outcome=error.kind, reason=str(error))
        except MimikaError as error:
            # What cannot be noted is not sent, and the next could not be either.
            self._ended = True
            self.asker.counts["unnoted"] += 1
            self.asker.reasons.setdefault("unnoted", str(error))
            return replace(told, outcome="unnoted", reason=str(error))
        if task.asked_at is not None and self._clock() - task.asked_at > self.asker.options.deadline_s:
            self.skipped["too late"] += 1
            return replace(told, outcome="late", opinion=opinion, reason="the answer came after the deadline")
        return replace(told, opinion=opinion)


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


def _draw(observation: Observation, track: int) -> float:
    """Return a number 0..1 that chance would give, the same at every run over the same recording."""
    key = f"{observation.frame.source}|{track}|{observation.frame.time_s:.6f}".encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:6], "big") / 2**48
