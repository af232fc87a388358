"""One uploaded video on its way into the store: rows in blocks, gone on with where an earlier attempt stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mimika.data.errors import InputCorrupt, InputError, InputTooLarge, InputUnsupported
from mimika.data.frame import SourceInfo
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.capture.sniff import Kind, describe, head_of, is_text, kind_of
from mimika.stages.capture.video import VideoCapture
from mimika.stages.timeline.states import States
from mimika.web.choices import Choice, choice_of
from mimika.web.resume import WARM_S, Journal, Known, Renamer, frames_after
from mimika.web.series import MOVEMENT, NAMES, observations_of, table_of

if TYPE_CHECKING:
    from mimika.data.baseline import Baseline
    from mimika.store import Job, Recording, Store
    from mimika.web.remote import Questions

BLOCK_ROWS, BLOCK_S = 256, 0.5
"""A block of rows reaches the store after so many rows or seconds: a killed process repeats at most this much."""
_NAMING_OTHERS = (b"#EXTM3U", b"ffconcat", b"<", b"[playlist]", b"RTSPtext", b"SMIL")
_STATES_S = 300.0
"""So far back indicators look."""


class Stopped(Exception):
    """The job was cancelled, taken by another worker, or is given back."""


class Progress:
    """How far a job is; `stopped` is asked between two frames."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self.stopped = stopped
        self.frames_done, self.frames_total, self.time_s = 0, 0, 0.0
        self.moved_at = time.monotonic()

    def check(self) -> None:
        """Take note that the analysis goes on.

        Raises:
            Stopped: if it is not to go on.
        """
        self.moved_at = time.monotonic()
        if self.stopped():
            raise Stopped


class Analysis:
    """Measures one video.

    `job.options` holds what the client chose under "choice" and the server's "limits" (pixels, seconds, frames).
    With `questions` the video is measured and asked about first, and stored when the answers are there.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        recording: Recording,
        progress: Progress,
        spool: Path,
        questions: Questions | None = None,
    ) -> None:
        self._questions = questions
        self._store, self._owner, self._recording, self._progress = store, recording.owner, recording, progress
        self._path = Path(job.input_path)
        self._limits = dict(job.options.get("limits", {}))
        base = Options(**job.options.get("base", {}))
        base = replace(base, pixels_max=int(self._limits.get("pixels", base.pixels_max)))
        chosen = choice_of(job.options.get("choice", {}), base, live=False)
        told = recording.mode == "expressions"
        self.choice: Choice = chosen if told else replace(chosen, options=replace(chosen.options, micro=False))
        self._journal = Journal(spool / f"{job.id}.seen")
        self._waiting: list[Observation] = []
        self._rows, self._flushed = 0, time.monotonic()
        self._unsure: float | None = recording.summary.get("unsure_below")

    def run(self) -> InputError | None:
        """Measure what is not measured yet; returns what is wrong with the file, behind all that could be read.

        Raises:
            InputError: if nothing of it can be read.
            Stopped: if the job is not to go on.
        """
        options = self.choice.options
        self._look_at_file()
        pipeline = Pipeline(options).sibling(options, self._known_person())
        ahead = self.choice.looks_ahead or self._questions is not None
        return self._twice(pipeline) if ahead else self._once(pipeline)

    def clean(self) -> None:
        """Remove what is only needed while the job runs."""
        self._journal.remove()

    def _once(self, pipeline: Pipeline) -> InputError | None:
        """Measure and store frame by frame."""
        stored = self._stored()
        known = Known.of(stored, self._warm_s)
        wrong = self._pump(pipeline.process, known, self._keep, self._states(known))
        self._flush()
        return wrong

    def _twice(self, pipeline: Pipeline) -> InputError | None:
        """Measure everything into the journal, then store it with its future known."""
        with pipeline.hindsight() as hindsight:

            def seen() -> Iterator[Observation]:
                for observation in self._journal.read():
                    hindsight.see(observation)
                    self._progress.frames_done += 1
                    self._progress.time_s = observation.frame.time_s
                    yield observation

            def see(observation: Observation) -> None:
                hindsight.see(observation)
                self._journal.add(observation)
                if self._questions is not None:
                    self._questions.see(observation)

            wrong = self._pump(pipeline.process_raw, Known.of(seen(), self._warm_s), see)
            if self._questions is not None:
                self._questions.settle(self._progress)
            last = self._store.last_time(self._owner, self._recording.id)
            for observation in hindsight.replay():
                self._progress.check()
                if last is None or observation.frame.time_s > last + 1e-6:
                    self._keep(self._questions.refine(observation) if self._questions is not None else observation)
        self._flush()
        return wrong

    def _pump(
        self,
        process: Callable[[Any], Observation],
        known: Known | None,
        take: Callable[[Observation], None],
        states: States | None = None,
    ) -> InputError | None:
        """Give each new frame's observation to `take`; returns what ended the file early."""
        renamer = Renamer(known) if known is not None else None
        try:
            for frame in frames_after(self._path, self._recording.name, self.choice.options, known):
                self._progress.check()
                if known is None or frame.number > known.number:
                    self._within(frame.time_s)
                observation = process(frame)
                if renamer is not None and known is not None:
                    if frame.number <= known.number:
                        renamer.learn(observation)
                        continue
                    observation = renamer.apply(observation)
                    observation = states.follow(observation) if states is not None else observation
                take(observation)
                self._progress.frames_done += 1
                self._progress.time_s = frame.time_s
        except InputError as error:
            if known is None and not self._progress.frames_done:
                raise
            return error
        return None

    def _within(self, time_s: float) -> None:
        for name, value, unit in (("frames", self._progress.frames_done + 1, ""), ("seconds", time_s, " seconds")):
            most = self._limits.get(name)
            if most is not None and value > most:
                raise InputTooLarge(self._recording.name, f"is longer than the {most:g}{unit or ' frames'} allowed")

    def _keep(self, observation: Observation) -> None:
        self._waiting.append(observation)
        self._rows += max(1, len(observation))
        if self._unsure is None and len(observation):
            self._unsure = observation.expressions.unsure_below
            summary = self._store.recording(self._owner, self._recording.id).summary
            self._store.update_recording(
                self._owner, self._recording.id, summary=summary | {"unsure_below": self._unsure}
            )
        if self._rows >= BLOCK_ROWS or time.monotonic() - self._flushed >= BLOCK_S:
            self._flush()

    def _flush(self) -> None:
        """Store what waits; a frame is stored with all its rows or not at all."""
        waiting, self._waiting, self._rows = self._waiting, [], 0
        if waiting:
            table = table_of(waiting, self._recording.mode, self.choice.mesh, self.choice.options.micro)
            self._store.append_rows(self._owner, self._recording.id, table)
        self._flushed = time.monotonic()

    @property
    def _warm_s(self) -> float:
        return min(self.choice.options.lost_s + 1.0, WARM_S)

    def _stored(self) -> Iterator[Observation]:
        """Give the stored frames that matter for going on, after one row that tells the largest id."""
        owner, recording = self._owner, self._recording.id
        last = self._store.last_time(owner, recording)
        if last is None:
            return
        ids = self._store.rows(owner, recording, columns=["frame", "face_id"])
        self._progress.frames_done = len(np.unique(ids.column("frame").to_numpy()))
        self._progress.time_s, self._largest = last, int(np.nanmax(_numbers(ids.column("face_id")), initial=-1))
        columns = [*NAMES, MOVEMENT] if self.choice.options.micro else list(NAMES)
        table = self._store.rows(owner, recording, start_s=last - _STATES_S, end_s=last + 1.0, columns=columns)
        self._before = list(observations_of(table, (1, 1), self._recording.name))
        yield from self._before

    def _states(self, known: Known | None) -> States | None:
        """Return what follows the indicators, knowing what was stored; None at the beginning."""
        if known is None:
            return None
        known.free = max(known.free, self._largest + 1)
        states = States()
        for observation in self._before:
            states.follow(observation)
        self._before = []
        return states

    def _known_person(self) -> Baseline | None:
        person = self._recording.person
        if not self.choice.profile or person is None:
            return None
        return self._store.profile(self._owner, person).baseline

    def _look_at_file(self) -> None:
        """Refuse what is no video before a decoder sees it, and tell the store what the file says of itself."""
        name = self._recording.name
        head = head_of(str(self._path))
        refuse(head, name)
        with VideoCapture(self._path, self.choice.options, name=name) as capture:
            info = capture.info
        if info.duration_s and info.duration_s > self._limits.get("seconds", info.duration_s):
            most = self._limits["seconds"]
            raise InputTooLarge(name, f"lasts {info.duration_s:.0f} s, more than the {most:.0f} s allowed")
        self._progress.frames_total = expected_frames(info, self.choice.options)
        self._store.update_recording(
            self._owner, self._recording.id, width=info.width, height=info.height, fps=info.fps or 0.0
        )


def refuse(head: bytes, name: str) -> None:
    """Refuse by its first bytes what cannot be a video; playlists among it, which name other files and addresses.

    Raises:
        InputCorrupt: if there is nothing.
        InputUnsupported: if it is none.
    """
    if not head:
        raise InputCorrupt(name, "file is empty")
    if is_text(head) or head.lstrip().startswith(_NAMING_OTHERS):
        raise InputUnsupported(name, "is a text, not a video")
    kind = kind_of(head)
    if kind is Kind.PHOTO:
        raise InputUnsupported(name, "is a photo; send it to /v1/images")
    if kind is Kind.OTHER:
        raise InputUnsupported(name, describe(head))


def expected_frames(info: SourceInfo, options: Options) -> int:
    """Return how many frames will be analysed as far as the file tells, 0 where it does not."""
    length, rate = info.duration_s, info.fps
    frames = info.frames or (length * rate if length and rate else 0)
    if not frames:
        return 0
    length = length or (frames / rate if rate else None)
    if length:
        end = min(options.end_s if options.end_s is not None else length, length)
        chosen = max(end - (options.start_s or 0.0), 0.0)
        if options.fps is not None:
            return round(min(chosen * options.fps, frames))
        frames = frames * chosen / length
    return max(round(frames / options.every), 1)


def _numbers(column: Any) -> Any:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
