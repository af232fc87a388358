"""Fine movements of a face: points followed by optical flow, with the motion of the head taken out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, transform
from mimika.data.movements import FACE_PX, MOVED, REGIONS, Movements
from mimika.stages.faces.align import STEADY, CropSpec, crop, matrices_from_meshes, mean_face
from mimika.stages.measure.eyes import openness

Array = NDArray[np.float64]

CROP = CropSpec(side=176, span=2.8)
"""At which flow is measured: a face 150 px wide keeps about its size."""
_ANCHOR_S = 0.5
"""After so long points are followed from a newer frame, so that a turning head does not change their look too much."""
_WINDOW, _LEVELS, _STEPS = 17, 2, 20
_REACH = 6.0
"""Crop pixels that the head may move before points are followed from a newer frame."""
_ROUNDS, _TUKEY = 4, 3.0
_FORGET_S = 2.0
_AMBIGUOUS = 1e-4
"""Least eigenvalue of the structure of a point's surroundings: below, there is nothing to follow."""

_BRIDGE = (168, 6, 197, 195, 5, 4, 33, 133, 362, 263, 8, 9, 122, 351, 196, 419)
POINTS = np.array(sorted({*(vertex for group in REGIONS.values() for vertex in group), *_BRIDGE, 1, 2, 151, 108, 337}))
_ROWS = [np.flatnonzero(np.isin(POINTS, group)) for group in REGIONS.values()]
_RIGID = np.where(np.isin(POINTS, (*STEADY, *_BRIDGE)), 2.0, 1.0)


class MovementMeter:
    """Follows one face through a video; `add` each frame in which it is there, then `movements`.

    About 150 points of the mesh are followed by pyramidal Lucas-Kanade flow from an anchor frame, half a second old at
    most, so that errors do not add up. What a rigid head does to them is linear in x, y and depth of the points; it is
    fitted robustly, so that the few points that an expression moves do not count, and taken out.

    Source: Bouguet, "Pyramidal implementation of the affine Lucas Kanade feature tracker", Intel, 2001; taking head
    motion out of the flow as in He, "Research on micro-expression spotting method based on optical flow features", ACM
    Multimedia 2021.
    """

    def __init__(self, face: int = -1) -> None:
        self._face, self._follower = face, _Follower()
        self._time_s: list[float] = []
        self._regions: list[Array] = []
        self._head: list[Array] = []
        self._open: list[float] = []
        self._opened = 1.0

    def add(self, luma: NDArray[np.uint8], mesh: Floats | None, time_s: float) -> None:
        """Take in the next frame: `luma` (height, width), `mesh` (478, 3) its pixels, `time_s` seconds.

        Between frames with a mesh, a few in a row may do without: points are followed all the same.
        """
        if self._time_s and time_s <= self._time_s[-1]:
            return
        points = None if mesh is None else np.asarray(mesh, np.float64)
        found = self._follower.step(luma, points, time_s)
        if found is None:
            return
        if points is not None:
            self._opened = float(openness(points[None]).mean())
        self._time_s.append(time_s)
        self._regions.append(found[0])
        self._head.append(found[1])
        self._open.append(self._opened)

    def movements(self) -> Movements:
        """Return what has been measured so far."""
        n = len(self._time_s)
        opened = np.array(self._open)
        usual = max(float(np.quantile(opened, 0.8)), 1e-3) if n else 1.0
        return Movements(
            np.array(self._time_s),
            np.array(self._regions, np.float32).reshape(n, len(REGIONS), 2),
            np.array(self._head, np.float32).reshape(n, 3),
            np.clip(1 - opened / usual, 0, 1).astype(np.float32),
            self._face,
        )


class FaceMovements:
    """Follows every face of a recording as `MovementMeter` does, frame by frame; faces long away begin anew."""

    def __init__(self) -> None:
        self._followers: dict[int, tuple[float, _Follower]] = {}

    def reset(self) -> None:
        """Forget the recording."""
        self._followers.clear()

    def follow(
        self, luma: NDArray[np.uint8], ids: NDArray[np.int64], meshes: Floats, time_s: float
    ) -> NDArray[np.float32]:
        """Return (n, 35) where regions and head of the faces of the newest frame are, as `data.movements` has it.

        `luma` (height, width), `ids` (n,) which faces these are, `meshes` (n, 478, 3), `time_s` seconds.
        """
        for face in [face for face, (seen, _) in self._followers.items() if not 0 <= time_s - seen <= _FORGET_S]:
            del self._followers[face]
        found = np.full((len(ids), MOVED), np.nan, np.float32)
        for row, face in enumerate(ids.tolist()):
            _, follower = self._followers.get(face, (time_s, _Follower()))
            self._followers[face] = (time_s, follower)
            places = follower.step(luma, np.asarray(meshes[row], np.float64), time_s)
            if places is not None:
                found[row] = np.concatenate([places[0].ravel(), places[1]])
        return found


class _Follower:
    """Where one face's regions (16, 2) and its head (3,) are, from frame to frame."""

    def __init__(self) -> None:
        self._anchor: _Anchor | None = None
        self._latest: tuple[Array, Array] = (np.zeros((len(REGIONS), 2)), np.zeros(3))

    def step(self, luma: NDArray[np.uint8], mesh: Array | None, time_s: float) -> tuple[Array, Array] | None:
        """Return where they are now; None without a mesh where points cannot be followed either."""
        found = self._anchor.follow(luma) if self._anchor is not None else None
        if found is None and mesh is None:
            return None
        if found is None:
            found, self._anchor = self._latest, None
        if mesh is not None and (self._anchor is None or self._anchor.old(time_s, found[1])):
            self._anchor = _Anchor(luma, mesh, time_s, *found)
        self._latest = found
        return found


class _Anchor:
    """A frame from which points are followed, and where the regions and the head were in it."""

    def __init__(self, luma: NDArray[np.uint8], mesh: Array, time_s: float, regions: Array, head: Array) -> None:
        self._matrix = matrices_from_meshes(mesh[None], CROP)[0]
        self._picture = crop(luma, self._matrix, CROP)
        places = transform(self._matrix[None], mesh[None, POINTS, :2])[0]
        self._places = places.astype(np.float32)
        self._time_s, self._regions, self._head = time_s, regions, head
        scale = float(np.hypot(self._matrix[0, 0], self._matrix[1, 0]))
        depth = (mesh[POINTS, 2] - mesh[POINTS, 2].mean()) * scale
        centred = places - CROP.side / 2
        self._model = np.column_stack([centred, depth, np.ones(len(POINTS))]) / CROP.side
        self._weights = _RIGID * (_texture(self._picture, places) > _AMBIGUOUS)

    def follow(self, luma: NDArray[np.uint8]) -> tuple[Array, Array] | None:
        """Return where regions (16, 2) and head (3,) are now; None if the face cannot be followed from here."""
        now = crop(luma, self._matrix, CROP)
        places, status, _ = cv2.calcOpticalFlowPyrLK(
            self._picture,
            now,
            self._places[:, None],
            self._places[:, None].copy(),
            winSize=(_WINDOW, _WINDOW),
            maxLevel=_LEVELS,
            criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, 0.005),
        )
        weights = self._weights * (status[:, 0] > 0)
        if (weights > 0).sum() < len(POINTS) // 2:
            return None
        flow = (places[:, 0] - self._places).astype(np.float64)
        model, weights = _rigid(self._model, flow, weights)
        own = (flow - self._model @ model) * _UNIT
        regions = np.stack([_middle(own[rows], weights[rows]) for rows in _ROWS])
        roll = (model[0, 1] - model[1, 0]) / 2 / CROP.side * FACE_PX / 2
        head = np.array([*(model[3] / CROP.side * _UNIT), roll])
        return self._regions + regions, self._head + head

    def old(self, time_s: float, head: Array) -> bool:
        """Return whether it is time for a newer anchor."""
        return time_s - self._time_s >= _ANCHOR_S or float(np.abs(head - self._head).max()) > _REACH


def _texture(picture: NDArray[np.uint8], places: Array) -> Array:
    """Return how much there is to follow around places (n, 2): the least eigenvalue of the structure tensor."""
    values = cv2.cornerMinEigenVal(picture, _WINDOW, ksize=3)
    rows = np.clip(np.rint(places[:, ::-1]), 0, CROP.side - 1).astype(int)
    return np.asarray(values[rows[:, 0], rows[:, 1]], np.float64)


def _rigid(model: Array, flow: Array, weights: Array) -> tuple[Array, Array]:
    """Fit flow (n, 2) ≈ model (n, 4) @ result (4, 2) with Tukey's weights; points that go their own way do not count.

    Returns the fit and which points could be followed at all.
    """
    used, ridge = weights.copy(), 1e-6 * np.eye(model.shape[1])
    fit: Array = np.zeros((model.shape[1], 2))
    for _ in range(_ROUNDS):
        weighted = model * used[:, None]
        fit = np.asarray(np.linalg.solve(model.T @ weighted + ridge, weighted.T @ flow), np.float64)
        away = np.linalg.norm(flow - model @ fit, axis=1)
        spread = 1.5 * float(np.median(away[weights > 0])) + 0.02
        used = weights * np.clip(1 - (away / (_TUKEY * spread)) ** 2, 0, 1) ** 2
    return fit, weights


def _middle(own: Array, weights: Array) -> Array:
    """Return the median movement of a region's points; 0 where none could be followed."""
    seen = weights > 0
    return np.asarray(np.median(own[seen], axis=0)) if seen.any() else np.zeros(2)


_UNIT = FACE_PX / (float(np.ptp(mean_face()[:468, 0])) * CROP.scale)
"""Pixels of a face 150 px wide per pixel of the crop."""
