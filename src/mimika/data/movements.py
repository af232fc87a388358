"""How regions of a face moved against the rest of it, frame by frame: what micro-expressions are spotted in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.errors import ShapeError

REGIONS: dict[str, tuple[int, ...]] = {
    "inner_brow_right": (55, 65, 107, 66),
    "inner_brow_left": (285, 295, 336, 296),
    "outer_brow_right": (70, 63, 105, 53),
    "outer_brow_left": (300, 293, 334, 283),
    "cheek_right": (117, 118, 119, 101, 50),
    "cheek_left": (346, 347, 348, 330, 280),
    "nose_wing_right": (98, 64, 129, 49),
    "nose_wing_left": (327, 294, 358, 279),
    "fold_right": (205, 206, 216, 207),
    "fold_left": (425, 426, 436, 427),
    "lip_corner_right": (61, 76, 57, 186),
    "lip_corner_left": (291, 306, 287, 410),
    "upper_lip_right": (37, 39, 40, 165),
    "upper_lip_left": (267, 269, 270, 391),
    "lower_lip": (17, 84, 314, 181, 405),
    "chin": (199, 200, 18, 83, 313),
}
"""Vertices of the mesh, by region; left and right are the subject's own."""
NAMES = tuple(REGIONS)
FACE_PX = 150.0
"""Movements are told in pixels of a face so wide."""
MOVED = 2 * len(REGIONS) + 3
"""Numbers that tell of one face in one frame: x and y of each region, then x, y and roll of the head."""


@dataclass(frozen=True, slots=True)
class Movements:
    """One face over n frames: `time_s` (n,) presentation timestamps in seconds, growing.

    `regions` (n, 16, 2): where each of `REGIONS` is relative to the rest of the face, x to the right, y down, pixels of
    a face 150 px wide; only differences over time mean something. `head` (n, 3): x, y and roll of the whole face, in
    the same pixels, roll as the way of a point at the face's rim. `closed` (n,): how far the eyes are shut, 0..1.

    Raises:
        ShapeError: if a shape is wrong, the lengths differ, or time does not grow.
    """

    time_s: NDArray[np.float64]
    regions: NDArray[np.float32]
    head: NDArray[np.float32]
    closed: NDArray[np.float32]
    face: int = -1

    def __post_init__(self) -> None:
        object.__setattr__(self, "time_s", shaped("time_s", self.time_s, (None,), np.float64))
        object.__setattr__(self, "regions", shaped("regions", self.regions, (None, len(REGIONS), 2), np.float32))
        object.__setattr__(self, "head", shaped("head", self.head, (None, 3), np.float32))
        object.__setattr__(self, "closed", shaped("closed", self.closed, (None,), np.float32))
        same_length(time_s=self.time_s, regions=self.regions, head=self.head, closed=self.closed)
        if not np.all(np.diff(self.time_s) > 0):
            raise ShapeError("time_s: expected growing times, received a step back or none")

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def step_s(self) -> float:
        """The usual distance of two frames in seconds; 0 with fewer than two."""
        return float(np.median(np.diff(self.time_s))) if len(self) > 1 else 0.0

    def pieces(self) -> list[slice]:
        """Return the rows between two absences of the face (more than three frames), one slice each."""
        breaks = np.flatnonzero(np.diff(self.time_s) > 3.5 * self.step_s) + 1
        return [slice(start, stop) for start, stop in pairwise([0, *breaks.tolist(), len(self)])]
