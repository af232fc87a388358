"""The progress bar of a run: frames, faces, speed and time left."""

from __future__ import annotations

import time
from pathlib import PurePath
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from mimika.cli.terminal import complain
from mimika.data.frame import SourceInfo
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.jobs import JobResult
from mimika.stages.write.columns import plain

_REFRESH_S = 0.1
_NAME = 28


class Bar:
    """Shows one line a video and one line over all inputs; errors come above it, one line each.

    Where standard error is no terminal, or `hidden`, only the errors are shown.
    """

    def __init__(self, options: Options, console: Console, hidden: bool = False) -> None:
        self._options, self._console = options, console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=hidden or not console.is_terminal,
            transient=True,
            refresh_per_second=10,
        )
        self._all: TaskID | None = None
        self._one: TaskID | None = None
        self._frames = self._faces = 0
        self._began = self._shown = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def started(self, source: str, info: SourceInfo, index: int, total: int) -> None:
        """Begin the line of one input."""
        if self._all is None and total > 1:
            self._all = self._bar.add_task("all inputs", total=total, completed=index, count=f"{index} of {total}")
        self._total_inputs = total
        self._frames = self._faces = 0
        self._began = self._shown = time.monotonic()
        if info.kind != "photo" or total == 1:
            self._one = self._bar.add_task(_short(source), total=self._length(info), count="")

    def observed(self, observation: Observation) -> None:
        """Move the line on by one frame."""
        self._frames += 1
        self._faces += len(observation)
        now = time.monotonic()
        if self._one is None or now - self._shown < _REFRESH_S:
            return
        self._shown = now
        speed = self._frames / max(now - self._began, 1e-6)
        count = f"{self._frames} frames  {self._faces} faces  {speed:.0f} frames/s"
        done = observation.frame.time_s - (self._options.start_s or 0.0)
        self._bar.update(self._one, completed=max(done, 0.0), count=count)

    def finished(self, result: JobResult) -> None:
        """Close the line of one input, and say what went wrong with it."""
        if self._one is not None:
            self._bar.remove_task(self._one)
            self._one = None
        if self._all is not None:
            self._bar.advance(self._all)
            done = int(self._bar.tasks[0].completed)
            self._bar.update(self._all, count=f"{done} of {self._total_inputs}")
        if result.error is not None:
            complain(str(result.error), self._console)

    def _length(self, info: SourceInfo) -> float | None:
        """Return how many seconds will be read, None where that is not known."""
        if info.duration_s is None:
            return None
        end = min(info.duration_s, self._options.end_s or info.duration_s)
        return max(end - (self._options.start_s or 0.0), 0.001)


def _short(source: str) -> str:
    name = plain(source if "://" in source else PurePath(source).name or source)
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
