"""Turned heads teach the mesh about poses; a wrong sign here would teach it mirrored angles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import Delaunay

from mimika.stages.faces import align
from mimika.stages.measure.pose import head_pose
from mimika.training import turned
from mimika.training.mesh_data import mirrored


@pytest.fixture(scope="module")
def face() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A textured picture with the mean face's mesh on it, and triangles."""
    mesh = (align.mean_face() * 60 + (96, 96, 0)).astype(np.float32)
    y, x = np.mgrid[:192, :192]
    picture = (127 + 60 * np.sin(x / 9) + 60 * np.cos(y / 7)).astype(np.uint8)
    return picture, mesh, Delaunay(mesh[:468, :2]).simplices.astype(np.int32)


@pytest.mark.parametrize(("pitch", "yaw", "roll"), [(20, 0, 0), (0, 35, 0), (0, 0, 25), (-10, -50, 5)])
def test_the_rotation_is_the_one_that_is_measured(pitch: float, yaw: float, roll: float) -> None:
    mesh = (align.mean_face() * 60) @ turned.rotation(pitch, yaw, roll).T
    angles, _ = head_pose((mesh + (96, 96, 0)).astype(np.float32)[None], (192, 192))
    assert angles[0] == pytest.approx((pitch, yaw, roll), abs=0.5)


def test_no_turn_leaves_the_picture(face: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    picture, mesh, triangles = face
    same, points = turned.turn(picture, mesh, np.eye(3), triangles)
    assert np.abs(same.astype(int) - picture).max() <= 1
    assert np.allclose(points, mesh, atol=1e-3)


def test_the_picture_follows_its_mesh(face: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    picture, mesh, triangles = face
    warped, points = turned.turn(picture, mesh, turned.rotation(0, 20), triangles)
    tip, moved = mesh[align.NOSE_TIP, :2].astype(int), points[align.NOSE_TIP, :2]
    assert moved[0] > tip[0] + 5, "yaw + turns to the subject's left, the right of the picture"
    x, y = np.round(moved).astype(int)
    assert abs(int(warped[y, x]) - int(picture[tip[1], tip[0]])) < 25


def test_mirroring_twice_is_nothing(face: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    picture, mesh, _ = face
    once = mirrored(picture, mesh)
    twice, back = mirrored(*once)
    assert np.array_equal(twice, picture)
    assert np.allclose(back, mesh, atol=1e-4)
    right, left = align.five_points(once[1][None])[0, :2]
    assert right[0] < left[0], "the mirrored face still has its right eye on the left of the picture"
