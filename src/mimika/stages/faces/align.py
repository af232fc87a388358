"""The crop: how a face is cut out, the same in training and in use.

A face is turned upright and scaled so that its points fall as closely as possible on the mean face; the same fit
serves the five detector points and the 478 mesh points, so the mesh of one frame gives the crop of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, similarity

RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS = (33, 133), (362, 263)
NOSE_TIP, MOUTH_CORNERS = 1, (61, 291)
STEADY = (
    *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327),
    *(61, 291, 10, 152, 127, 356, 93, 323, 234, 454, 109, 338),
)
"""Mesh vertices that fix the crop: eye corners, nose, mouth corners and outline; it hardly moves with the mouth."""


@dataclass(frozen=True, slots=True)
class CropSpec:
    """A square crop: `side` pixels, showing `span` inter-ocular distances, the mean face's box centred."""

    side: int
    span: float

    @property
    def scale(self) -> float:
        """Pixels of the crop per inter-ocular distance of the mean face."""
        return self.side / self.span


MESH_CROP = CropSpec(side=96, span=3.4)
EXPRESSION_CROP = CropSpec(side=64, span=3.0)


@lru_cache(maxsize=1)
def mean_face() -> NDArray[np.float32]:
    """Return the symmetric mean face: (478, 3) in inter-ocular distances (eye centre to eye centre), box centre at 0.

    Source: median shape of 17,779 faces labelled by MediaPipe Face Mesh, aligned by Procrustes analysis and made
    symmetric.
    """
    return np.asarray(_mean_file()["points"], np.float32)


@lru_cache(maxsize=1)
def mirror_map() -> NDArray[np.int16]:
    """Return the (478,) vertex that takes each vertex's place in a mirrored picture."""
    return np.asarray(_mean_file()["mirror"], np.int16)


def five_points(meshes: Floats) -> NDArray[np.float32]:
    """Read the five detector points, (n, 5, 2), off (n, 478, 2 or 3) meshes; order of `faces.POINT_NAMES`."""
    flat = np.asarray(meshes)[..., :2]
    right, left = flat[:, RIGHT_EYE_CORNERS].mean(1), flat[:, LEFT_EYE_CORNERS].mean(1)
    rest = flat[:, (NOSE_TIP, *MOUTH_CORNERS)]
    return np.asarray(np.concatenate([right[:, None], left[:, None], rest], axis=1), np.float32)


def matrices_from_five(points: Floats, spec: CropSpec) -> NDArray[np.float64]:
    """Return the (n, 2, 3) picture-to-crop matrices of (n, 5, 2) detector points."""
    return similarity(points, _five_template(spec))


def matrices_from_meshes(meshes: Floats, spec: CropSpec) -> NDArray[np.float64]:
    """Return the (n, 2, 3) picture-to-crop matrices of (n, 478, 2 or 3) meshes."""
    return similarity(np.asarray(meshes, np.float64)[:, STEADY, :2], _steady_template(spec))


def crop(luma: NDArray[np.uint8], matrix: Floats, spec: CropSpec) -> NDArray[np.uint8]:
    """Cut one (side, side) uint8 crop out of a (height, width) picture; outside the picture the border is repeated.

    `matrix` (2, 3) takes picture to crop. A face much larger than the crop is first averaged down, so that it does
    not alias.
    """
    matrix = np.asarray(matrix, np.float64)
    shrink = int(1.0 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6))
    if shrink >= 2:
        luma, matrix = _reduced(luma, matrix, spec.side, shrink)
    size = (spec.side, spec.side)
    return np.asarray(
        cv2.warpAffine(luma, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def shrunk(
    picture: NDArray[np.uint8], matrix: NDArray[np.float64], factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Average a (height, width) picture down by a whole factor.

    `matrix` (2, 3) takes the picture somewhere; returned with the small picture is the one that takes it there.
    """
    height, width = picture.shape
    size = (max(1, width // factor), max(1, height // factor))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    # Pixel centres: small pixel u covers picture pixels around (u + 0.5) * ratio - 0.5.
    ratio = np.array([width / size[0], height / size[1]])
    moved = matrix.copy()
    moved[:, :2] = matrix[:, :2] * ratio
    moved[:, 2] += matrix[:, :2] @ (0.5 * ratio - 0.5)
    return np.asarray(small, np.uint8), moved


def _reduced(
    luma: NDArray[np.uint8], matrix: NDArray[np.float64], side: int, shrink: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Average the part of the picture under the crop down by a whole factor; returns it with its own matrix."""
    linear = np.linalg.inv(matrix[:, :2])
    corners = (np.array([[0, 0], [side, 0], [0, side], [side, side]]) - matrix[:, 2]) @ linear.T
    height, width = luma.shape
    low = np.clip(np.floor(corners.min(0)) - shrink, 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + shrink, low + 1, (width, height)).astype(int)
    part = luma[low[1] : high[1], low[0] : high[0]]
    of_part = matrix.copy()
    of_part[:, 2] += matrix[:, :2] @ low
    return shrunk(part, of_part, shrink)


@lru_cache(maxsize=1)
def _mean_file() -> dict[str, NDArray[Any]]:
    with resources.files("mimika.models").joinpath("mean_face.npz").open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}


@lru_cache
def _steady_template(spec: CropSpec) -> NDArray[np.float64]:
    return np.asarray(mean_face()[STEADY, :2] * spec.scale + spec.side / 2, np.float64)


@lru_cache
def _five_template(spec: CropSpec) -> NDArray[np.float64]:
    return np.asarray(five_points(mean_face()[None])[0] * spec.scale + spec.side / 2, np.float64)
