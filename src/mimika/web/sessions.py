"""Live sessions: what is known of one camera at the other end of a socket, from its first frame to its last."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mimika.data.errors import MimikaError
from mimika.data.events import Event
from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.events import Events
from mimika.pipeline import Pipeline
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.web.choices import Choice
from mimika.web.errors import ApiError, Overloaded
from mimika.web.pool import Urgency
from mimika.web.recorder import Recorder
from mimika.web.schemas import Mode, face_out

if TYPE_CHECKING:
    from mimika.data.baseline import Baseline
    from mimika.data.purpose import Purpose
    from mimika.store import Store

_WITH_ALL = 4
AWAY_S = 60.0
"""A session whose line broke is kept for so long."""
_LATE_S = 2.0
"""A baseline that is not known so long after its seconds are over has failed."""


class LiveSession:
    """One camera. `step` is called from one thread at a time; everything else from asyncio.

    `mode` says what may be told. `dropped` counts frames that were passed over because a newer one had come.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        choice: Choice,
        owner: str,
        purpose: Purpose,
        store: Store,
        person: str | None = None,
        known: Baseline | None = None,
        tell: Callable[[Event], None] | None = None,
        second: SecondOpinion | None = None,
    ) -> None:
        self.id, self.owner, self.purpose, self.person = uuid4().hex, owner, purpose, person
        self.mode: Mode = "expressions" if purpose.mode == "expressions" else "action_units"
        self.mesh, self.dropped, self.frames = choice.mesh, 0, 0
        self.recorder: Recorder | None = None
        self.holder: object | None = None
        self._pipeline = pipeline.sibling(choice.options, known)
        self._events = Events() if self.mode == "expressions" else None
        self._store, self._tell = store, tell
        self._second = second if self.mode == "expressions" else None
        self._latest_s = -math.inf
        self._lock = threading.Lock()
        self._neutral: tuple[float, float | None, str | None] | None = None

    def learn(self, seconds: float, profile: str | None = None) -> None:
        """Take the next seconds as neutral; with `profile` they are saved there too."""
        with self._lock:
            self._neutral = (seconds, None, profile)
            self._pipeline.relearn(seconds)

    def mark(self, text: str) -> Event:
        """Take note of something that happened outside."""
        with self._lock:
            now = max(self._latest_s, 0.0)
            if self._events is not None:
                self._events.mark(text, now)
            event = Event("mark", "begin", -1, "live", now, now, 0.0, "", math.nan, text)
            if self.recorder is not None:
                self.recorder.happened(event)
            return event

    def begin(self, name: str) -> Recorder:
        """Begin to record; the frames from now on go into the store."""
        recorder = Recorder(self._store, self.owner, name, self.purpose, self.person)
        with self._lock:
            self.recorder = recorder
        return recorder

    def end(self) -> Recorder | None:
        """Stop recording and return what is to be completed, None if nothing was recorded."""
        with self._lock:
            recorder, self.recorder = self.recorder, None
        return recorder

    def step(self, frame: Frame) -> tuple[str, list[str]]:
        """Analyse the next frame; returns what is to be said of its faces, to be completed, and other messages.

        Raises:
            ApiError: if its time is not later than that of the frame before.
        """
        with self._lock:
            if frame.time_s <= self._latest_s:
                said = f"time_s: expected more than {self._latest_s:.3f}, received {frame.time_s:.3f}"
                raise ApiError(422, "time_goes_back", said)
            self._latest_s = frame.time_s
            self.frames += 1
            observation = self._pipeline.process(replace(frame, number=self.frames, source="live"))
            if self._second is not None:
                observation = self._second.follow(observation)
                if self.recorder is not None:
                    self.recorder.hear(self._second.news())
            messages = [_text({"type": "event", **event.as_json()}) for event in self._happened(observation)]
            if self.recorder is not None:
                self.recorder.add(observation)
            messages += self._neutral_news(frame.time_s)
        return observation_text(observation, self.mode, self.mesh), messages

    def close(self) -> None:
        """Stop asking for second opinions."""
        if self._second is not None:
            self._second.close()

    def _happened(self, observation: Observation) -> list[Event]:
        events = self._events.follow(observation) if self._events is not None else []
        for event in events:
            if self._tell is not None:
                self._tell(event)
            if self.recorder is not None:
                self.recorder.happened(event)
        return events

    def _neutral_news(self, now: float) -> list[str]:
        """Say once how the neutral face that was asked for turned out."""
        if self._neutral is None:
            return []
        seconds, since, profile = self._neutral
        if since is None:
            self._neutral = (seconds, now, profile)
            return []
        found = self._pipeline.baselines
        if found:
            self._neutral = None
            told: dict[str, Any] = {"type": "baseline", "state": "done", "faces": [one.face for one in found]}
            if profile is not None:
                try:
                    self._store.update_profile(self.owner, profile, baseline=max(found, key=lambda one: one.frames))
                    told["profile"] = profile
                except MimikaError as error:
                    return [_text(told), _text({"type": "error", "code": "store_missing", "message": str(error)})]
            return [_text(told)]
        if now - since > seconds + _LATE_S:
            self._neutral = None
            return [_text({"type": "baseline", "state": "failed"})]
        return []


class LiveHub:
    """All live sessions of the server, and how many of their frames may be on their way at once.

    `turns` is waited for before the newest frame of a session is taken, first come, first served: every session gets
    the same share, and a frame that waits for its turn can still give way to a newer one.
    """

    def __init__(self, pipeline: Callable[[], Pipeline], most: int, turns: int, away_s: float = AWAY_S) -> None:
        self._open, self._most, self._away_s = pipeline, most, away_s
        self._pipeline: Pipeline | None = None
        self._count = 0
        self._sessions: dict[str, LiveSession] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.turns = asyncio.Semaphore(turns)

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline whose networks all sessions share."""
        if self._pipeline is None:
            self._pipeline = self._open()
        return self._pipeline

    def __len__(self) -> int:
        return len(self._sessions)

    def urgency(self) -> Urgency:
        """Return how urgent the next frame is: live pictures go first, but one in four waits with everyone else.

        So photos are still answered while more live pictures come than can be analysed.
        """
        self._count += 1
        return Urgency.LIVE if self._count % _WITH_ALL else Urgency.REQUEST

    def room(self) -> None:
        """See that there is room for one more.

        Raises:
            Overloaded: if there is none.
        """
        if len(self._sessions) >= self._most:
            raise Overloaded(f"{self._most} live sessions are open already; try again later", 30.0)

    def add(self, session: LiveSession) -> None:
        """Take in a new session."""
        self.room()
        self._sessions[session.id] = session

    def resume(self, key: str, owner: str) -> LiveSession | None:
        """Return a session whose line broke, if it is still there and the owner's."""
        session = self._sessions.get(key)
        if session is None or session.owner != owner:
            return None
        if key in self._leaving:
            self._leaving.pop(key).cancel()
        return session

    def leave(self, session: LiveSession, holder: object) -> None:
        """Let go of a session whose line broke; it ends if nobody comes back for it."""
        if session.holder is not holder or session.id not in self._sessions:
            return
        session.holder = None
        loop = asyncio.get_running_loop()
        self._leaving[session.id] = loop.call_later(self._away_s, self._forget, session)

    async def drop(self, session: LiveSession) -> Recorder | None:
        """End a session; returns its completed recording, if it was recorded."""
        self._sessions.pop(session.id, None)
        if session.id in self._leaving:
            self._leaving.pop(session.id).cancel()
        session.close()
        recorder = session.end()
        if recorder is not None:
            await asyncio.get_running_loop().run_in_executor(None, recorder.close)
        return recorder

    async def close(self) -> None:
        """End all sessions, as when the server stops; what they recorded is completed."""
        for session in list(self._sessions.values()):
            await self.drop(session)

    def _forget(self, session: LiveSession) -> None:
        task = asyncio.ensure_future(self._drop(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self, session: LiveSession) -> None:
        await self.drop(session)


def observation_text(observation: Observation, mode: Mode, mesh: bool) -> str:
    """Return the message about a frame, without its end: times and counts are added when it is sent."""
    frame = observation.frame
    faces = ",".join(face_out(observation, row, mode, mesh).model_dump_json() for row in range(len(observation)))
    return (
        f'{{"type":"observation","time_s":{frame.time_s!r},"width":{frame.width},"height":{frame.height},'
        f'"faces":[{faces}]'
    )


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
