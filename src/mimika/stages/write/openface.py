"""The table as OpenFace 2.2 writes it, so that scripts made for OpenFace read mimika's results.

Columns, their order and their decimals are those of its `RecorderCSV`, without the parameters of its shape model (its
switch `-pdmparams`), which mimika does not have.

Source: Baltrušaitis, Zadeh, Lim, Morency, "OpenFace 2.0: facial behavior analysis toolkit", FG 2018; its wiki page
"Output Format".
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS
from mimika.data.observation import Observation
from mimika.stages.write.camera import Camera
from mimika.stages.write.files import LineSink
from mimika.stages.write.landmarks import eyes56, landmarks68

INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
OCCURRENCES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
PRESENT_FROM = 1.0
"""From this intensity, FACS grade A, a unit counts as there."""
_BLINK = {45: 43}
"""AU45, the blink, is what mimika measures within AU43, the closed eye."""


def _axes(stem: str, axes: str, count: int) -> list[str]:
    return [f"{stem}{axis}_{point}" for axis in axes for point in range(count)]


SEQUENCE_START = ("frame", "face_id", "timestamp", "confidence", "success")
PHOTO_START = ("face", "confidence")
MEASURED = (
    *("gaze_0_x", "gaze_0_y", "gaze_0_z", "gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x", "gaze_angle_y"),
    *_axes("eye_lmk_", "xy", 56),
    *_axes("eye_lmk_", "XYZ", 56),
    *("pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"),
    *_axes("", "xy", 68),
    *_axes("", "XYZ", 68),
    *(f"AU{unit:02d}_r" for unit in INTENSITIES),
    *(f"AU{unit:02d}_c" for unit in OCCURRENCES),
)
_DIGITS = (
    [6] * 6 + [3] * 2 + [1] * 280 + [1] * 3 + [3] * 3 + [1] * 340 + [2] * len(INTENSITIES) + [1] * len(OCCURRENCES)
)


class OpenFaceSink(LineSink):
    """Writes one line a face as soon as its frame is done; lines once written survive a killed process.

    `photo` gives the layout of `FaceLandmarkImg` instead of that of `FeatureExtraction`. A frame without a face has
    `success` 0 and nothing behind it, where OpenFace writes zeros or the face of an earlier frame.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, photo: bool = False, force: bool = False) -> None:
        super().__init__(path, force=force)
        self._photo = photo

    def __enter__(self) -> Self:
        super().__enter__()
        start = PHOTO_START if self._photo else SEQUENCE_START
        self._file.write((",".join((*start, *MEASURED)) + "\n").encode())
        return self

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame."""
        lines = [self._start(observation, row) + line for row, line in enumerate(_lines(observation))]
        if not lines and not self._photo:
            frame = observation.frame
            lines = [f"{frame.number + 1},0,{frame.time_s:.3f},0.00,0" + "," * len(MEASURED)]
        self._file.write("".join(line + "\n" for line in lines).encode())
        self.rows += len(lines)

    def _start(self, observation: Observation, row: int) -> str:
        frame, sure = observation.frame, float(observation.measurements.presence[row])
        if self._photo:
            return f"{row},{sure:.3f}"
        return f"{frame.number + 1},{observation.faces.ids[row]},{frame.time_s:.3f},{sure:.2f},1"


def _lines(observation: Observation) -> list[str]:
    """Return the measured part of each face's line, beginning with a comma."""
    if not len(observation):
        return []
    return ["".join(_cell(*cell) for cell in zip(row, _DIGITS, strict=True)) for row in measured(observation).tolist()]


def _cell(value: float, digits: int) -> str:
    return f",{value:.{digits}f}" if isfinite(value) else ","


def measured(observation: Observation) -> NDArray[np.float64]:
    """Return the (n, 674) numbers of `MEASURED` for each face, NaN where something was not measured."""
    found, frame = observation.measurements, observation.frame
    camera = Camera(frame.width, frame.height, found.translations)
    eyes, points = eyes56(found.meshes), landmarks68(found.meshes)
    gaze, n = camera.gaze(found.angles, found.gaze), len(found)
    ahead = np.column_stack([np.arctan2(gaze[:, 0], -gaze[:, 2]), np.arctan2(gaze[:, 1], -gaze[:, 2])])
    parts = (
        *(gaze, gaze, ahead),
        *(_by_axis(eyes[..., :2]), _by_axis(camera.points_mm(eyes))),
        *(camera.heads_mm(), camera.rotations(found.angles)),
        *(_by_axis(points[..., :2]), _by_axis(camera.points_mm(points))),
    )
    # FACS scores a movement that is stronger on one side by that side.
    strongest = found.action_units.astype(np.float64).max(axis=2)
    intensity = np.column_stack([strongest[:, _column(unit)] for unit in INTENSITIES]).reshape(n, -1)
    occurring = np.column_stack([strongest[:, _column(unit)] for unit in OCCURRENCES]).reshape(n, -1)
    there = np.where(np.isfinite(occurring), occurring >= PRESENT_FROM, np.nan)
    # Adding 0 turns -0.0 into 0.0.
    return np.asarray(np.column_stack([*parts, intensity, there]) + 0.0, np.float64)


def _column(unit: int) -> int:
    return ACTION_UNITS.index(f"AU{_BLINK.get(unit, unit)}")


def _by_axis(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn (n, k, axes) into (n, axes · k): first all x, then all y."""
    return points.transpose(0, 2, 1).reshape(len(points), -1)
