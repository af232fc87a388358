"""Runs inputs through the pipeline into files: one failure stops nothing else, an interrupt leaves whole files."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from mimika.data.errors import InputError, MimikaError, ModelError, OutputError
from mimika.data.frame import SourceInfo
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.protocols import Capture, Hook
from mimika.events import Events
from mimika.interrupts import Interrupted, Interrupts
from mimika.outputs import Outputs, Target, Targets
from mimika.pipeline import Pipeline
from mimika.stages.capture.inputs import STDIN, open_capture
from mimika.stages.recognize.hybrid import SecondOpinion
from mimika.stages.recognize.inquiry import Inquiry
from mimika.temporal import wants_hindsight

__all__ = ["JobResult", "Outputs", "Progress", "run_jobs"]

_ENDED = object()


@dataclass(slots=True)
class JobResult:
    """What became of one input.

    `status` is "complete", "interrupted", "failed" or "skipped" (never begun because the run was interrupted); `error`
    is what failed; `signal` the signal that interrupted. `labels` counts faces by label, `paths` are the files written,
    `remarks` say what could not be told of it, and why.
    """

    source: str
    status: str = "complete"
    kind: str = ""
    frames: int = 0
    faces: int = 0
    ids: set[int] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)
    paths: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: MimikaError | None = None
    signal: int | None = None


class Progress(Protocol):
    """Told how a run goes; all calls come from the thread that runs it."""

    def started(self, source: str, info: SourceInfo, index: int, total: int) -> None:
        """One input is open and will be analysed."""

    def observed(self, observation: Observation) -> None:
        """One frame is analysed and written."""

    def finished(self, result: JobResult) -> None:
        """One input is done, whatever came of it."""


def run_jobs(
    inputs: Iterable[str],
    options: Options,
    outputs: Outputs,
    progress: Progress | None = None,
    hooks: Iterable[Hook] = (),
    pipeline: Pipeline | None = None,
    events: Events | None = None,
    second: SecondOpinion | None = None,
) -> list[JobResult]:
    """Analyse each input and write what `outputs` asks for; returns one result an input, in order.

    An input or output that fails is told in its result and the others go on. SIGINT and SIGTERM finish the current row,
    close all files and skip the rest; a second signal stops at once. A `pipeline` given is used as it is, with its own
    options and hooks. `events`, already open, follow every recording. Where episodes are written, micro-expressions are
    looked for too. `second` refines what is written: a video file is read twice then, so that asking does not delay the
    analysis and answers reach the rows that they are about; photos wait for theirs, several at once, and are written in
    their order.

    Raises:
        ModelError: if the networks cannot be used; nothing is written then.
        InputError: if the photo or file of a baseline cannot be used; nothing is written then.
    """
    names = list(inputs)
    options = replace(options, micro=True) if outputs.tells_episodes else options
    pipeline = Pipeline(options, hooks) if pipeline is None else pipeline
    results: list[JobResult] = []
    targets = Targets(outputs, options, len(names), lambda: pipeline.baselines)
    with Interrupts(reads_stdin=STDIN in names) as interrupts, targets, _Lane(second, progress) as lane:
        for index, name in enumerate(names):
            results.append(JobResult(name))
            job = _Job(results[-1], pipeline, options, interrupts, progress, events, second)
            lane.add(results[-1], job.run(targets, index, len(names)))
    for failed in targets.failures:
        _blame(results, failed)
    return results


class _Lane:
    """Inputs that were begun and wait for answers: as many as may be asked about at once, ended in their order."""

    def __init__(self, second: SecondOpinion | None, progress: Progress | None) -> None:
        self._most = second.asker.options.parallel if second is not None else 0
        self._progress = progress
        self._begun: deque[tuple[JobResult, Generator[None]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._end(0)
        for _, steps in self._begun:
            steps.close()

    def add(self, result: JobResult, steps: Generator[None]) -> None:
        """Begin an input; it has ended when this returns, unless it waits for an answer."""
        waits = next(steps, _ENDED) is not _ENDED
        self._begun.append((result, steps))
        self._end(self._most if waits else 0)

    def _end(self, left: int) -> None:
        """End the oldest until so many are left."""
        while len(self._begun) > left:
            result, steps = self._begun[0]
            next(steps, _ENDED)
            self._begun.popleft()
            if self._progress is not None:
                self._progress.finished(result)


class _Job:
    """One input on its way through the pipeline."""

    def __init__(
        self,
        result: JobResult,
        pipeline: Pipeline,
        options: Options,
        interrupts: Interrupts,
        progress: Progress | None,
        events: Events | None,
        second: SecondOpinion | None,
    ) -> None:
        self._result, self._pipeline, self._options = result, pipeline, options
        self._interrupts, self._progress, self._events = interrupts, progress, events
        self._second, self._inquiry = second, Inquiry()

    def run(self, targets: Targets, index: int, total: int) -> Generator[None]:
        """Run it, pausing once if it waits for an answer; every error but a ModelError ends up in the result."""
        result, began, target = self._result, time.monotonic(), None
        if self._interrupts.signal is not None:
            result.status, result.signal = "skipped", self._interrupts.signal
            return
        try:
            with ExitStack() as stack:
                with self._interrupts.waiting():
                    capture = stack.enter_context(open_capture(result.source, self._options))
                result.kind = capture.info.kind
                target = stack.enter_context(targets.open(capture, index))
                result.paths = target.paths
                if self._progress is not None:
                    self._progress.started(result.source, capture.info, index, total)
                yield from self._pump(capture, target)
                if target.interrupted:
                    raise Interrupted
        except Interrupted:
            result.status, result.signal = "interrupted", self._interrupts.signal
        except ModelError:
            raise
        except (InputError, OutputError) as error:
            result.status, result.error = "failed", error
            if isinstance(error, InputError) and self._interrupts.signal is not None:
                result.status, result.error, result.signal = "interrupted", None, self._interrupts.signal
        except MemoryError:
            result.status, result.error = "failed", InputError(result.source, "there is not enough memory for it")
        result.paths = [path for path in result.paths if path.exists()]
        result.remarks = target.remarks if target is not None else []
        result.seconds = time.monotonic() - began

    def _pump(self, capture: Capture, target: Target) -> Generator[None]:
        """Move observation after observation into the files; an interrupt is looked at between two."""
        if self._events is not None:
            self._events.reset()
        if self._second is not None:
            self._inquiry = self._second.begin()
        try:
            if wants_hindsight(self._options, capture.info, self._second is not None):
                return self._pump_twice(capture, target)
            for observation in self._until_interrupted(self._pipeline.run(capture)):
                if self._second is not None and self._result.kind == "photo":
                    observation = yield from self._answered(observation, target)
                elif self._second is not None:
                    observation = self._second.follow(observation)
                self._tell(observation)
                self._keep(observation, target)
        except (Interrupted, InputError):
            # An input that was cut off by the signal itself is no broken input.
            if self._interrupts.signal is None:
                raise
            target.interrupted = True
        finally:
            self._hear(target)
            if self._events is not None:
                self._events.finish()

    def _pump_twice(self, capture: Capture, target: Target) -> None:
        """Measure everything first, then write it with its future known; what ended the first look is raised last."""
        stopped: Interrupted | InputError | None = None
        with self._pipeline.hindsight() as hindsight:
            try:
                for observation in self._until_interrupted(self._pipeline.run(capture, raw=True)):
                    hindsight.see(observation)
                    if self._second is not None:
                        self._second.see(observation)
                        self._hear(target)
                    self._tell(observation)
                self._settle(self._second.asker.options.deadline_s if self._second is not None else 0.0)
            except (Interrupted, InputError) as error:
                stopped = error
            with open_capture(self._result.source, self._options) as again:
                replayed = hindsight.replay(again)
                for observation in replayed if stopped else self._until_interrupted(replayed):
                    refined = self._second.refine(observation) if self._second is not None else observation
                    self._keep(refined, target)
        if stopped is not None:
            raise stopped

    def _answered(self, observation: Observation, target: Target) -> Generator[None, None, Observation]:
        """Ask about a photo, pause, and return it with the answers; a signal ends the waiting, not the row."""
        assert self._second is not None
        try:
            with self._interrupts.waiting():
                self._second.see(observation, self._inquiry, patient=True)
        except Interrupted:
            target.interrupted = True
        # Also then: the rows of those before come first.
        yield
        try:
            self._settle(None)
        except Interrupted:
            target.interrupted = True
        return self._second.refine(observation, inquiry=self._inquiry)

    def _settle(self, seconds: float | None) -> None:
        """Wait for second opinions under way, at most some seconds; a signal ends the waiting."""
        if self._second is not None:
            with self._interrupts.waiting():
                self._inquiry.settle(seconds)

    def _hear(self, target: Target) -> None:
        """Let the files know what became of questions."""
        if self._second is not None:
            target.hear(self._inquiry.news())

    def _until_interrupted(self, observations: Iterator[Observation]) -> Iterator[Observation]:
        while True:
            with self._interrupts.waiting():
                observation = next(observations, None)
            if observation is None:
                return
            yield observation

    def _tell(self, observation: Observation) -> None:
        if self._progress is not None:
            self._progress.observed(observation)

    def _keep(self, observation: Observation, target: Target) -> None:
        target.write(observation)
        self._hear(target)
        result = self._result
        if self._events is not None and result.kind != "photo":
            self._events.follow(observation)
        result.frames += 1
        result.faces += len(observation)
        result.labels.update(observation.expressions.labels)
        if result.kind != "photo":
            result.ids.update(observation.faces.ids.tolist())


def _blame(results: list[JobResult], failed: tuple[set[str], OutputError]) -> None:
    """Put the failure of a file shared by several inputs into the results of those that wrote to it."""
    sources, error = failed
    for result in results:
        if result.source in sources and result.error is None:
            result.status, result.error = "failed", error
