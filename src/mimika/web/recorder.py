"""A live session on its way into the store: rows only, never a picture."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mimika.data.errors import MimikaError
from mimika.data.events import Event
from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.data.opinion import Asked
from mimika.web.findings import conclude
from mimika.web.series import table_of

if TYPE_CHECKING:
    from mimika.data.purpose import Purpose
    from mimika.store import Recording, Store

LOG = logging.getLogger("mimika.live")
_BLOCK_S, _BLOCK_FRAMES = 2.0, 100
_NO_PICTURE = np.zeros((1, 1), np.uint8)
_WAITING_FRAMES = 2000
"""While the database is away, so many frames wait; then the oldest are lost."""


class Recorder:
    """Writes the frames of a session into a recording of its own, whose time begins with its first frame.

    Frames are stored in blocks from a thread of their own, so that a slow disk does not hold up the picture; a killed
    server loses the last two seconds at most.
    """

    def __init__(self, store: Store, owner: str, name: str, purpose: Purpose, person: str | None = None) -> None:
        self._store = store
        self.recording: Recording = store.add_recording(
            owner, name=name, kind="live", mode=purpose.mode, purpose=purpose, person=person, status="open"
        )
        self._waiting: list[Observation] = []
        self._events: list[Event] = []
        self._asked: list[Asked] = []
        self._origin_s: float | None = None
        self._count, self._began, self._ended_s = 0, 0.0, 0.0
        self._size, self._unsure = (0, 0), 0.0
        self._wake, self._over = threading.Event(), False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        """The recording's id."""
        return self.recording.id

    def add(self, observation: Observation) -> None:
        """Take in the next frame; its picture is let go."""
        frame = observation.frame
        with self._lock:
            if self._origin_s is None:
                self._origin_s, self._size = frame.time_s, (frame.width, frame.height)
            self._ended_s = frame.time_s - self._origin_s
            if len(observation):
                self._unsure = observation.expressions.unsure_below
            kept = Frame(_NO_PICTURE, self._ended_s, self._count, self.recording.name)
            self._waiting.append(replace(observation, frame=kept))
            self._waiting = self._waiting[-_WAITING_FRAMES:]
            self._count += 1
            full = len(self._waiting) >= _BLOCK_FRAMES
        if full:
            self._wake.set()

    def happened(self, event: Event) -> None:
        """Take note of an event or a mark."""
        with self._lock:
            origin = self._origin_s if self._origin_s is not None else event.time_s
            now, since = max(event.time_s - origin, 0.0), max(event.since_s - origin, 0.0)
            self._events.append(replace(event, source=self.recording.name, time_s=now, since_s=since))

    def hear(self, asked: Sequence[Asked]) -> None:
        """Take note of what became of questions to a second model about frames of this recording."""
        with self._lock:
            origin = self._origin_s
            if origin is not None:
                told = [replace(one, source=self.recording.name, time_s=one.time_s - origin) for one in asked]
                self._asked += [one for one in told if one.time_s >= 0]

    def close(self) -> None:
        """Store what waits, then what was found; the recording is complete."""
        self._over = True
        self._wake.set()
        self._thread.join()
        owner, key = self.recording.owner, self.recording.id
        try:
            with self._lock:
                events: Sequence[Event] = tuple(self._events)
            rate = (self._count - 1) / self._ended_s if self._ended_s > 0 else 0.0
            summary = {"unsure_below": self._unsure}
            self._store.update_recording(
                owner, key, width=self._size[0], height=self._size[1], fps=round(rate, 3), summary=summary
            )
            conclude(self._store, self._store.recording(owner, key), "complete", events=events)
            self.recording = self._store.recording(owner, key)
        except MimikaError as error:
            LOG.warning("recording %s could not be completed: %s", key, error)

    def _write(self) -> None:
        """Store a block every two seconds; runs in the recorder's thread."""
        while not self._over:
            self._wake.wait(_BLOCK_S)
            self._wake.clear()
            self._flush()
        end = time.monotonic() + 5.0
        while not self._flush() and time.monotonic() < end:
            time.sleep(0.2)

    def _flush(self) -> bool:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            asked, self._asked = self._asked, []
        if not waiting and not asked:
            return True
        try:
            if asked:
                self._store.add_opinions(self.recording.owner, self.recording.id, asked)
                asked = []
            if waiting:
                table = table_of(waiting, self.recording.mode, mesh=True)
                self._store.append_rows(self.recording.owner, self.recording.id, table)
        except MimikaError as error:
            gone = type(error).__name__ == "StoreMissing"
            LOG.warning("recording %s: %s", self.recording.id, error)
            with suppress(IndexError), self._lock:
                self._waiting = [] if gone else [*waiting, *self._waiting][-_WAITING_FRAMES:]
                self._asked = [] if gone else [*asked, *self._asked]
            return gone
        return True
