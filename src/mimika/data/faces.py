"""The faces found in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped

POINT_NAMES = ("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner")
"""The five detector points, right and left the subject's: `right_eye` has the smaller x in an upright frontal photo."""


@dataclass(frozen=True, slots=True)
class Faces:
    """n faces of one frame, n may be 0.

    `boxes` (n, 4) x, y, width, height in pixels of the upright image; `scores` (n,) 0..1; `points` (n, 5, 2) pixels
    in the order of `POINT_NAMES`; `ids` (n,) track ids from 0, or -1 before tracking.

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    points: NDArray[np.float32]
    ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", shaped("boxes", self.boxes, (None, 4), np.float32))
        object.__setattr__(self, "scores", shaped("scores", self.scores, (None,), np.float32))
        object.__setattr__(self, "points", shaped("points", self.points, (None, 5, 2), np.float32))
        object.__setattr__(self, "ids", shaped("ids", self.ids, (None,), np.int64))
        same_length(boxes=self.boxes, scores=self.scores, points=self.points, ids=self.ids)

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | list[int]) -> Faces:
        """Return the chosen rows, in that order."""
        rows = np.asarray(rows, dtype=np.intp) if isinstance(rows, list) else rows
        return Faces(self.boxes[rows], self.scores[rows], self.points[rows], self.ids[rows])

    @classmethod
    def empty(cls) -> Faces:
        """Return the container of a frame without faces."""
        return cls(
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
            np.zeros((0, 5, 2), np.float32),
            np.zeros(0, np.int64),
        )
