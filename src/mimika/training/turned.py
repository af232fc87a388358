"""Turned heads made from photos: a picture is warped by its own mesh, rotated in three dimensions."""

from __future__ import annotations

import itertools
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The outline of the face in the canonical mesh, clockwise in the image from the top of the forehead."""


@lru_cache(maxsize=1)
def triangles(canonical: Path) -> NDArray[np.int32]:
    """Read the (m, 3) triangles of the canonical mesh from its OBJ file."""
    rows = [line.split()[1:] for line in canonical.read_text("utf-8").splitlines() if line.startswith("f ")]
    return np.array([[int(corner.split("/")[0]) - 1 for corner in row] for row in rows], np.int32)


def rotation(pitch: float, yaw: float, roll: float = 0.0) -> NDArray[np.float64]:
    """Return the (3, 3) matrix for points as columns; degrees, signs as in `data.measurements`."""
    p, y, r = np.radians([-pitch, -yaw, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def turn(
    picture: NDArray[np.uint8], mesh: NDArray[np.float32], matrix: NDArray[np.float64], faces: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Rotate the head in a picture.

    `picture` (h, w) uint8; `mesh` (478, 3) pixels; `matrix` (3, 3) further rotation; `faces` (m, 3) triangles.
    Returns the picture and its mesh. Around the face two rings of helper points carry hair and neck along and leave
    the border alone; nearer triangles are painted over farther ones.
    """
    centre = mesh[:468].mean(0)
    turned = (mesh - centre) @ matrix.T + centre
    source, target, all_faces = _with_rings(mesh, turned, centre, matrix, faces, picture.shape)
    return drawn(picture, source, target, all_faces), turned.astype(np.float32)


def drawn(
    picture: NDArray[np.uint8], source: NDArray[np.float64], target: NDArray[np.float64], faces: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Redraw a picture (h, w) or (h, w, 3) triangle by triangle, those nearer over those farther.

    `source`, `target` (k, 3) pixels, z negative towards the camera; `faces` (m, 3) triangles of these points. What no
    triangle covers stays.
    """
    index = nearest(picture.shape[:2], target, faces)
    flow = affine_of(target[faces, :2], source[faces, :2])
    map_x, map_y = mapped(flow, index)
    warped = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def nearest(shape: tuple[int, ...], points: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the (h, w) number of the triangle that is seen at each pixel, -1 where there is none."""
    index = np.full(shape[:2], -1, np.int32)
    corners = np.round(points[faces, :2] * 16).astype(np.int32)
    for number in np.argsort(-points[faces, 2].mean(1)):
        cv2.fillConvexPoly(index, corners[number], int(number), shift=4)
    return index


def mapped(flow: NDArray[np.float32], index: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where each pixel comes from, x and y (h, w), given the (m, 2, 3) maps of the triangles seen there."""
    y, x = np.mgrid[: index.shape[0], : index.shape[1]].astype(np.float32)
    chosen = flow[np.maximum(index, 0)]
    map_x = chosen[..., 0, 0] * x + chosen[..., 0, 1] * y + chosen[..., 0, 2]
    map_y = chosen[..., 1, 0] * x + chosen[..., 1, 1] * y + chosen[..., 1, 2]
    outside = index < 0
    map_x[outside], map_y[outside] = x[outside], y[outside]
    return map_x, map_y


def _with_rings(
    mesh: NDArray[np.float32],
    turned: NDArray[np.float64],
    centre: NDArray[np.float32],
    matrix: NDArray[np.float64],
    faces: NDArray[np.int32],
    shape: tuple[int, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Add a ring that turns with the head and one that stays; returns source points, target points and triangles."""
    outline = mesh[list(OVAL)].astype(np.float64)
    depth = float(np.ptp(mesh[:468, 2]))
    near = centre + (outline - centre) * (1.35, 1.35, 1.0) + (0, 0, 0.6 * depth)
    near_turned = (near - centre) @ matrix.T + centre
    far = centre + (outline - centre) * (3.0, 3.0, 0.0) + (0, 0, 3 * depth)
    source = np.concatenate([mesh, near, far])
    target = np.concatenate([turned, near_turned, far])
    count, first = len(OVAL), len(mesh)
    rings = [list(OVAL), list(range(first, first + count)), list(range(first + count, first + 2 * count))]
    bands = [
        triangle
        for inner, outer in itertools.pairwise(rings)
        for i in range(count)
        for triangle in (
            (inner[i], inner[(i + 1) % count], outer[i]),
            (inner[(i + 1) % count], outer[(i + 1) % count], outer[i]),
        )
    ]
    return source, target, np.concatenate([faces, np.array(bands, np.int32)])


def affine_of(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the (m, 2, 3) maps that take each source triangle to its target; collapsed triangles map to a point."""
    edges = np.stack([source[:, 1] - source[:, 0], source[:, 2] - source[:, 0]], axis=2)
    images = np.stack([target[:, 1] - target[:, 0], target[:, 2] - target[:, 0]], axis=2)
    flat = np.abs(np.linalg.det(edges)) < 1e-3
    edges[flat] = np.eye(2)
    linear = images @ np.linalg.inv(edges)
    linear[flat] = 0
    shift = target[:, 0] - np.einsum("nij,nj->ni", linear, source[:, 0])
    return np.concatenate([linear, shift[:, :, None]], axis=2).astype(np.float32)
