"""Micro-expressions of a video: its faces followed, their fine movements measured, and what is brief spotted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mimika.data.errors import InputMissing
from mimika.data.frame import Frame
from mimika.data.movements import Movements
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.capture.inputs import natural_key, open_capture
from mimika.stages.capture.photo import PhotoCapture
from mimika.stages.measure.movement import MovementMeter
from mimika.stages.timeline.micro import MicroExpression, MicroRule, spot

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
_MESH_S = 0.029
"""Seconds between two meshes at least: between them points are followed, which costs far less."""


def movements_of(source: str, options: Options | None = None) -> list[Movements]:
    """Return how each face of a video moved, one for each face, in the order of their ids.

    Raises:
        InputError: if the video cannot be read to its end.
    """
    with open_capture(source, options) as capture:
        return follow(capture, options)


def follow(frames: Iterable[Frame], options: Options | None = None) -> list[Movements]:
    """Return how each face moved in frames that follow each other, one for each face, in the order of their ids."""
    meters: dict[int, MovementMeter] = {}
    pipeline = Pipeline(options)
    ids: list[int] = []
    latest = -1.0
    for frame in frames:
        if latest >= 0 and frame.time_s - latest < _MESH_S:
            for face in ids:
                meters[face].add(frame.luma, None, frame.time_s)
            continue
        observation = pipeline.process_raw(frame)
        ids, latest = observation.faces.ids.tolist(), frame.time_s
        for face, mesh in zip(ids, observation.measurements.meshes, strict=True):
            meters.setdefault(face, MovementMeter(face)).add(frame.luma, mesh, frame.time_s)
    return [meters[face].movements() for face in sorted(meters)]


def pictures(folder: Path, fps: float) -> Iterator[Frame]:
    """Yield the pictures right inside a folder as the frames of a video, in the natural order of their names.

    Raises:
        InputError: if there is none, or one cannot be read.
    """
    files = sorted((str(file) for file in folder.iterdir() if file.suffix.lower() in PICTURES), key=natural_key)
    if not files:
        raise InputMissing(str(folder), "a folder without pictures")
    for number, file in enumerate(files):
        with PhotoCapture(file) as photo:
            yield replace(next(iter(photo)), time_s=number / fps, number=number, source=str(folder))


def spot_video(source: str, options: Options | None = None, rule: MicroRule | None = None) -> list[MicroExpression]:
    """Return the micro-expressions of all faces of a video, in the order of time.

    Raises:
        InputError: if the video cannot be read to its end.
        OptionError: if it has fewer than 20 frames/s.
    """
    found = [item for face in movements_of(source, options) for item in spot(face, rule)]
    return sorted(found, key=lambda item: item.episode.onset_s)
