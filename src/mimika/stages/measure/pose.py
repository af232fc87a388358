"""Head pose: which way the head is turned, and where it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.stages.faces.align import mean_face

_WEIGHTS: dict[float, tuple[int, ...]] = {
    1.0: (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327),
    0.5: (10, 109, 338, 67, 297, 103, 332, 54, 284, 127, 356, 234, 454, 93, 323),
}
"""Vertices that bone holds in place, by weight: eye corners and nose count fully; forehead, temples and cheekbones
half, because hair hides them and the mesh guesses them less exactly; brows, lids, lips and chin move and have none."""


def head_pose(
    meshes: Floats, size: tuple[int, int], fit: Fit | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit the mean face to each mesh and read the pose off the fit.

    `meshes` (n, 478, 3) picture pixels, z negative towards the camera; `size` (width, height) of the picture; `fit`,
    what `fit_mean_face` gave, where it is known. Returns
    angles (n, 3) pitch, yaw, roll in degrees and translations (n, 3), both with the signs and units of
    `data.measurements.Measurements`. The rotation is roll after yaw after pitch, R = Rz(roll) Ry(-yaw) Rx(-pitch) in a
    frame with x right, y down, z away: turning the picture changes the roll alone, and nodding changes the pitch alone
    however far the head is turned. At a yaw of ±90°, where pitch and roll turn about the same axis, roll is 0.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    rotations, scales, origins = fit_mean_face(meshes) if fit is None else fit
    width, height = size
    unit = np.maximum(scales, 1e-9)
    translations = np.empty((len(rotations), 3))
    translations[:, 0] = (origins[:, 0] - (width - 1) / 2) / unit
    translations[:, 1] = (origins[:, 1] - (height - 1) / 2) / unit
    translations[:, 2] = width / unit
    return angles_of(rotations).astype(np.float32), translations.astype(np.float32)


Fit = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Rotations (n, 3, 3), scales (n,), origins (n, 3) of meshes, as `fit_mean_face` gives them."""


def fit_mean_face(meshes: Floats) -> Fit:
    """Fit mesh ≈ scale · R · mean face + origin by weighted least squares over the rigid points.

    `meshes` (n, 478, 3). Returns rotations (n, 3, 3) for points as columns, scales (n,) in pixels per inter-ocular
    distance, and origins (n, 3), where the centre of the mean face lies in the picture.
    """
    rows, weights, template, template_mean = _rigid()
    seen = np.asarray(meshes, np.float64)[:, rows]
    seen_mean = weights @ seen
    centred = seen - seen_mean[:, None]
    weighted = weights[:, None] * template
    left, stretch, right = np.linalg.svd(centred.transpose(0, 2, 1) @ weighted)
    # A reflection fits a flat or broken mesh better than any rotation; the weakest axis is turned back.
    turned = np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)
    stretch[:, 2] *= turned
    left[:, :, 2] *= turned[:, None]
    rotations = left @ right
    scales = stretch.sum(1) / float((weighted * template).sum())
    origins = seen_mean - scales[:, None] * (rotations @ template_mean)
    return np.asarray(rotations, np.float64), scales, origins


def angles_of(rotations: Floats) -> NDArray[np.float64]:
    """Return the (n, 3) pitch, yaw, roll in degrees of (n, 3, 3) rotations; see `head_pose` for order and signs."""
    matrix = np.asarray(rotations, np.float64)
    level = np.hypot(matrix[:, 0, 0], matrix[:, 1, 0])
    yaw = np.arctan2(matrix[:, 2, 0], level)
    sideways = level < 1e-6
    pitch = np.where(
        sideways, np.arctan2(matrix[:, 1, 2], matrix[:, 1, 1]), -np.arctan2(matrix[:, 2, 1], matrix[:, 2, 2])
    )
    roll = np.where(sideways, 0.0, np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]))
    return np.asarray(np.degrees(np.stack([pitch, yaw, roll], axis=1)), np.float64)


def rotation_of(pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation, for points as columns, of a pose in degrees; the inverse of `angles_of`."""
    a, b, c = np.radians([-pitch, -yaw, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float64)


@lru_cache(maxsize=1)
def _rigid() -> tuple[list[int], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return rows, weights that sum to 1, the centred template and its mean."""
    rows = [row for group in _WEIGHTS.values() for row in group]
    weights = np.concatenate([np.full(len(group), weight) for weight, group in _WEIGHTS.items()])
    weights /= weights.sum()
    template = mean_face()[rows].astype(np.float64)
    mean = np.einsum("k,kj->j", weights, template)
    return rows, weights, template - mean, mean
