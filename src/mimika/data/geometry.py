"""Similarity transforms, boxes and rotations, batched over faces. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32] | NDArray[np.float64]


def similarity(source: Floats, target: Floats) -> NDArray[np.float64]:
    """Fit the rotation, scale and shift that take points closest to a template, without mirroring.

    `source` (n, k, 2) points of n faces; `target` (k, 2) or (n, k, 2). Returns (n, 2, 3) matrices [aR | t] that
    minimise the sum of squared distances in the target's frame; a face whose points all coincide gets scale 0.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991;
    in two dimensions the rotation has a closed form and needs no singular value decomposition.
    """
    source = np.asarray(source, np.float64)
    target = np.broadcast_to(np.asarray(target, np.float64), source.shape)
    source_mean, target_mean = source.mean(1, keepdims=True), target.mean(1, keepdims=True)
    a, b = source - source_mean, target - target_mean
    norm = np.maximum((a * a).sum((1, 2)), 1e-12)
    cos = (a * b).sum((1, 2)) / norm
    sin = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(1) / norm
    matrix: NDArray[np.float64] = np.empty((len(source), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 0], matrix[:, 1, 1] = cos, -sin, sin, cos
    matrix[:, :, 2] = target_mean[:, 0] - np.einsum("nij,nj->ni", matrix[:, :, :2], source_mean[:, 0])
    return matrix


def transform(matrices: Floats, points: Floats) -> NDArray[np.float64]:
    """Apply (n, 2, 3) matrices to (n, k, 2) points, or (n, k, 3) whose z is scaled alike; same shape back."""
    matrices, points = np.asarray(matrices, np.float64), np.asarray(points, np.float64)
    linear: NDArray[np.float64] = np.einsum("nij,nkj->nki", matrices[:, :, :2], points[..., :2])
    flat = linear + matrices[:, None, :, 2]
    if points.shape[-1] == 2:
        return flat
    return np.concatenate([flat, points[..., 2:] * scale_of(matrices)[:, None, None]], axis=2)


def invert(matrices: Floats) -> NDArray[np.float64]:
    """Invert (n, 2, 3) similarity matrices.

    Raises:
        numpy.linalg.LinAlgError: if a matrix has scale 0.
    """
    matrices = np.asarray(matrices, np.float64)
    linear = np.linalg.inv(matrices[:, :, :2])
    return np.concatenate([linear, -linear @ matrices[:, :, 2:]], axis=2)


def scale_of(matrices: Floats) -> NDArray[np.float64]:
    """Return the (n,) scale factors of (n, 2, 3) similarity matrices."""
    return np.asarray(np.hypot(matrices[:, 0, 0], matrices[:, 1, 0]), np.float64)


def boxes_of(points: Floats) -> NDArray[np.float32]:
    """Return the (n, 4) boxes x, y, width, height around (n, k, 2 or 3) points."""
    low, high = points[..., :2].min(1), points[..., :2].max(1)
    return np.concatenate([low, high - low], axis=1).astype(np.float32)


def shared_areas(a: Floats, b: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what (n, 4) and (m, 4) boxes x, y, width, height share, (n, m), and their own areas, (n, 1) and (1, m)."""
    a, b = np.asarray(a, np.float64).reshape(-1, 4), np.asarray(b, np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.asarray(np.clip(high - low, 0, None).prod(2), np.float64)
    return shared, np.asarray(a[:, 2:].prod(1)[:, None]), np.asarray(b[:, 2:].prod(1)[None])


def iou(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Return the (n, m) intersection over union of (n, 4) and (m, 4) boxes x, y, width, height; 0 for empty boxes."""
    shared, size_a, size_b = shared_areas(a, b)
    union = size_a + size_b - shared
    ratio = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    # A very small box far from 0 loses digits when its size is added to its corner, and would overlap itself too much.
    return np.asarray(np.minimum(ratio, 1.0))
