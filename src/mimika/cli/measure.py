"""Times a run stage by stage; the work behind `mimika bench`."""

from __future__ import annotations

import dataclasses
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mimika.data.errors import OptionError
from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.protocols import Capture
from mimika.engine.session import cores
from mimika.hooks import StageTimer
from mimika.pipeline import Pipeline
from mimika.stages.capture.inputs import open_capture
from mimika.stages.write.csv import CsvSink
from mimika.stages.write.sidecar import models, package_versions, processor


def measure(source: str, options: Options, frames: int | None = None, repeat: int = 50) -> dict[str, Any]:
    """Run a source through capture, pipeline and CSV; returns figures ready for JSON.

    `frames` ends a video early; a photo is read `repeat` times. The stage "capture" is opening and the wait for the
    next frame, "write" the table. Times are wall time in milliseconds; `first_result_ms` counts from opening the
    networks.

    Raises:
        OptionError: if `frames` or `repeat` is below 1.
        InputError: if the source cannot be read.
    """
    if repeat < 1 or (frames is not None and frames < 1):
        raise OptionError(f"frames and repeat: expected at least 1, received {frames} and {repeat}")
    timer, began = StageTimer(), time.perf_counter()
    pipeline = Pipeline(options, [timer])
    loaded = time.perf_counter()
    count, faces, first = 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder, CsvSink(Path(folder) / "bench.csv") as sink:
        for observation in _observations(source, options, pipeline, timer, repeat):
            first = first or time.perf_counter() - began
            start = time.perf_counter()
            sink.write(observation)
            timer("write", observation.frame, None, 1000 * (time.perf_counter() - start))
            count, faces = count + 1, faces + len(observation)
            if count == frames:
                break
    seconds = time.perf_counter() - loaded
    figures = {
        "source": source,
        "frames": count,
        "faces": faces,
        "frames_per_s": round(count / seconds, 2),
        "ms_per_frame": round(1000 * seconds / max(count, 1), 3),
        "load_ms": round(1000 * (loaded - began), 1),
        "first_result_ms": round(1000 * first, 1),
        "peak_memory_mb": peak_memory_mb(),
    }
    return figures | _circumstances(options, timer)


def _circumstances(options: Options, timer: StageTimer) -> dict[str, Any]:
    """Return the stages, and what they were measured with."""
    return {
        "stages": [
            {key: _rounded(value) for key, value in dataclasses.asdict(stage).items()} for stage in timer.summary()
        ],
        "options": dataclasses.asdict(options),
        "machine": {"processor": processor(), "cores": cores(), "system": platform.platform()},
        "versions": {"python": platform.python_version()} | package_versions(),
        "models": models(options),
    }


def report(result: dict[str, Any]) -> Group:
    """Return the figures as a table for people."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("stage", "mean ms", "median ms", "95 % below ms"):
        table.add_column(head, justify="left" if head == "stage" else "right")
    for stage in result["stages"]:
        table.add_row(stage["stage"], *(f"{stage[key]:.2f}" for key in ("mean_ms", "median_ms", "p95_ms")))
    memory = f"{result['peak_memory_mb']:.0f} MB at most" if result["peak_memory_mb"] else "memory unknown"
    machine, threads = result["machine"], result["options"]["threads"] or "all"
    lines = (
        f"{result['frames']} frames, {result['faces']} faces: {result['frames_per_s']:.1f} frames/s, "
        f"{result['ms_per_frame']:.2f} ms a frame, {memory}",
        f"networks loaded in {result['load_ms']:.0f} ms, first result after {result['first_result_ms']:.0f} ms",
        f"{machine['processor']}, {machine['cores']} cores, {threads} compute threads a network",
    )
    return Group(table, *(Text(line) for line in lines))


def _observations(
    source: str, options: Options, pipeline: Pipeline, timer: StageTimer, repeat: int
) -> Iterator[Observation]:
    rounds = repeat
    while rounds > 0:
        began = time.perf_counter()
        with open_capture(source, options) as capture:
            yield from pipeline.run(_Timed(capture, timer, began))
            rounds = rounds - 1 if capture.info.kind == "photo" else 0


class _Timed:
    """A capture whose frames are timed as the stage "capture"; the first one from `began`, with the opening."""

    def __init__(self, capture: Capture, timer: StageTimer, began: float) -> None:
        self.info = capture.info
        self._capture, self._timer, self._began = capture, timer, began

    def __enter__(self) -> _Timed:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._capture)
        while (frame := next(frames, None)) is not None:
            self._timer("capture", frame, None, 1000 * (time.perf_counter() - self._began))
            yield frame
            self._began = time.perf_counter()


def peak_memory_mb() -> float | None:
    """Return the most memory this process ever held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
