"""The table as py-feat's detectors write it (a `Fex` saved as CSV), to be read with `feat.utils.io.read_feat`.

Source: py-feat 2.1, `feat.utils` (names of the columns) and `feat.pretrained.AU_LANDMARK_MAP` (the action units).
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np

from mimika.data.labels import ACTION_UNITS, FER2013
from mimika.data.observation import Observation
from mimika.stages.write.columns import plain
from mimika.stages.write.files import LineSink
from mimika.stages.write.landmarks import landmarks68, seven

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
"""AU11 is among py-feat's and not among ours: its cells are empty."""
_MOST = 5.0
_MEASURED = (
    *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"),
    *(f"{axis}_{point}" for axis in "xy" for point in range(68)),
    *("Pitch", "Roll", "Yaw", "X", "Y", "Z"),
    *(f"AU{unit:02d}" for unit in UNITS),
    *FER2013,
)
COLUMNS = (*_MEASURED, "Identity", "input", "frame", "approx_time")


class FeatSink(LineSink):
    """Writes one line a face as soon as its frame is done; lines once written survive a killed process.

    `photos`: each frame is a picture of its own; `frame` then counts them and `approx_time` is empty.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, photos: bool = False, force: bool = False) -> None:
        super().__init__(path, force=force)
        self._photos, self._seen = photos, 0

    def __enter__(self) -> Self:
        super().__enter__()
        self._put([COLUMNS])
        return self

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame; one without numbers for a frame without a face."""
        frame = observation.frame
        number, time_s = (self._seen, "") if self._photos else (frame.number, _clock(frame.time_s))
        self._seen += 1
        end = (plain(frame.source), number, time_s)
        measured = _measured(observation)
        found = [(*row, f"Person_{face}", *end) for row, face in zip(measured, observation.faces.ids, strict=True)]
        found = found or [(*[""] * (len(_MEASURED) + 1), *end)]
        self._put(found)
        self.rows += len(found)


def _measured(observation: Observation) -> list[list[object]]:
    """Return the numbers of `_MEASURED` for each face, an empty text where something was not measured."""
    if not len(observation):
        return []
    measured, n = observation.measurements, len(observation)
    points = landmarks68(measured.meshes)
    units = np.full((n, len(UNITS)), np.nan)
    for column, unit in enumerate(UNITS):
        if f"AU{unit}" in ACTION_UNITS:
            units[:, column] = measured.action_units[:, ACTION_UNITS.index(f"AU{unit}")].max(axis=1) / _MOST
    table = np.column_stack(
        [
            *(observation.faces.boxes, measured.presence, points[..., 0], points[..., 1]),
            *(np.radians(measured.angles[:, [0, 2, 1]]), np.full((n, 3), np.nan), units),
            seven(observation.expressions.probabilities),
        ]
    )
    return [[round(value, 5) if np.isfinite(value) else "" for value in row] for row in table.tolist()]


def _clock(time_s: float) -> str:
    """Return minutes and seconds, as py-feat writes `approx_time`."""
    return f"{int(time_s // 60):02d}:{int(time_s % 60):02d}"
