"""Files that can be written only once the whole recording is known: what they share.

What is kept in memory until then are the timelines of `data.timeline` without meshes, about 320 bytes a face and frame:
29 MB an hour for one face at 25 frames a second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mimika.data.episodes import Episode, Findings
from mimika.data.frame import SourceInfo
from mimika.data.observation import Observation
from mimika.data.timeline import Collector, Timeline
from mimika.stages.write.files import claim, write_whole

Find = Callable[[Timeline], Findings]
"""Finds what a face did; given from above, because stages do not know each other."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording from its first frame to its last, or up to where it was interrupted.

    `timelines` and `findings` are one a face, in the same order. `start_s` and `end_s` are the times of the first and
    of the last frame, `frames` how many were analysed, `size` (width, height) of the picture.
    """

    source: SourceInfo
    timelines: list[Timeline]
    findings: list[Findings]
    frames: int
    start_s: float
    end_s: float
    size: tuple[int, int]

    @property
    def length_s(self) -> float:
        """Seconds from the first frame to the end of the last, which is taken to last as long as the others."""
        return (self.end_s - self.start_s) * self.frames / max(self.frames - 1, 1)

    def episodes(self, *kinds: str) -> list[Episode]:
        """Return the episodes of all faces, of some kinds or of all, in the order of time."""
        found = [item for each in self.findings for item in each.episodes if not kinds or item.kind in kinds]
        return sorted(found, key=lambda item: (item.onset_s, item.face, item.label))


class WholeSink(ABC):
    """Gathers a recording and writes its file on leaving the `with` block, also after an error.

    The file appears under its name only when it is whole; a killed process leaves none. `find` says what each face did.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, source: SourceInfo, find: Find, force: bool = False) -> None:
        self.path, self.rows = Path(path), 0
        self._source, self._find, self._force = source, find, force
        self._collector, self.remarks = Collector(), list[str]()
        self._frames, self._start_s, self._end_s, self._size = 0, 0.0, 0.0, (source.width, source.height)

    def __enter__(self) -> Self:
        claim(self.path, self._force)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        timelines = self._collector.timelines()
        findings = [self._find(timeline) for timeline in timelines]
        self.remarks = list(dict.fromkeys(remark for found in findings for remark in found.remarks))
        recording = Recording(self._source, timelines, findings, self._frames, self._start_s, self._end_s, self._size)
        write_whole(self.path, self._text(recording))

    def write(self, observation: Observation) -> None:
        """Take note of one frame."""
        frame = observation.frame
        if not self._frames:
            self._start_s, self._size = frame.time_s, (frame.width, frame.height)
        self._end_s = max(self._end_s, frame.time_s)
        self._frames += 1
        self.rows += len(observation)
        self._collector.add(observation)

    @abstractmethod
    def _text(self, recording: Recording) -> str:
        """Return what the file holds."""
