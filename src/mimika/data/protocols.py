"""The seams between the stages: what a source, a network, a sink and a hook must offer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from mimika.data.frame import Frame, SourceInfo
from mimika.data.observation import Observation


class Capture(Protocol):
    """A source of frames: `with` opens it, iterating gives frames in the order of time."""

    info: SourceInfo

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Network(Protocol):
    """A network that can be run: one array in, named arrays out."""

    def run(self, batch: NDArray[Any]) -> dict[str, NDArray[Any]]: ...


class Sink(Protocol):
    """Something observations are written to; leaving the `with` block completes the file, also after an error."""

    path: Path

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, observation: Observation) -> None: ...


class Hook(Protocol):
    """Told after each stage of each frame; the progress bar and the benchmark are hooks."""

    def __call__(self, stage: str, frame: Frame, result: object, milliseconds: float) -> None: ...
