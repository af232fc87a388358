"""The crop: training and use cut faces with this code; if it drifted, every network would see faces it never learnt."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimika.data.geometry import invert, scale_of, transform
from mimika.stages.faces.align import (
    EXPRESSION_CROP,
    MESH_CROP,
    STEADY,
    crop,
    five_points,
    matrices_from_five,
    matrices_from_meshes,
    mean_face,
    mirror_map,
)
from mimika.stages.faces.crops import crop_batch
from mimika.stages.measure.pose import rotation_of

SPECS = [MESH_CROP, EXPRESSION_CROP]
CHIN, LOWER_LIP = 152, 17


def placed(scale, roll, x, y):
    return scale * mean_face() @ rotation_of(0, 0, roll).T + np.array([x, y, 0])


@pytest.mark.parametrize("spec", SPECS)
@given(st.floats(3, 500), st.floats(-179, 179), st.floats(-100, 2000), st.floats(-100, 2000))
def test_wherever_and_however_tilted_a_face_is_it_lands_upright_in_the_same_place(spec, scale, roll, x, y):
    mesh = placed(scale, roll, x, y)[None]
    wanted = mean_face() * spec.scale + [spec.side / 2, spec.side / 2, 0]
    for matrices in (matrices_from_meshes(mesh, spec), matrices_from_five(five_points(mesh), spec)):
        np.testing.assert_allclose(transform(matrices, mesh)[0], wanted, atol=0.05)
        assert scale_of(matrices)[0] == pytest.approx(spec.scale / scale, rel=1e-3)


def test_the_whole_face_is_inside_the_crop():
    for spec in SPECS:
        face = transform(matrices_from_meshes(mean_face()[None], spec), mean_face()[None])[0]
        assert (face[:, :2] >= 0).all()
        assert (face[:, :2] < spec.side).all()


def test_an_open_mouth_hardly_moves_the_crop():
    mesh = placed(60, 0, 300, 300)
    opened = mesh.copy()
    opened[mean_face()[:, 1] > 0.75, 1] += 24
    assert LOWER_LIP not in STEADY
    before, after = (scale_of(matrices_from_meshes(m[None], MESH_CROP))[0] for m in (mesh, opened))
    assert after == pytest.approx(before, rel=0.08)


def test_the_five_points_are_named_from_the_subjects_side():
    right_eye, left_eye, nose, right_mouth, left_mouth = five_points(mean_face()[None])[0]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert np.linalg.norm(left_eye - right_eye) == pytest.approx(1, abs=1e-3)


def test_the_mirror_map_swaps_sides_and_undoes_itself():
    there = mirror_map()
    np.testing.assert_array_equal(there[there], np.arange(478))
    np.testing.assert_allclose(mean_face()[there] * [-1, 1, 1], mean_face(), atol=2e-3)
    assert there[33] == 263
    assert there[61] == 291


@pytest.mark.parametrize("scale", [12.0, 40.0, 90.0, 400.0])
def test_what_lies_under_a_point_in_the_picture_lies_under_it_in_the_crop(scale):
    """Bright dots painted at eyes and mouth corners come out where the matrix says, at every size of face."""
    side = int(scale * 4.5)
    mesh = placed(scale, 14, side / 2 + 0.3, side / 2 - 0.2)
    picture = np.zeros((side, side), np.float32)
    y, x = np.mgrid[:side, :side]
    for point in five_points(mesh[None])[0]:
        picture += np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * (0.07 * scale) ** 2))
    matrix = matrices_from_meshes(mesh[None], MESH_CROP)[0]
    cut = crop(np.uint8(picture.clip(0, 1) * 255), matrix, MESH_CROP).astype(np.float64)
    y, x = np.mgrid[: MESH_CROP.side, : MESH_CROP.side]
    for point in transform(matrix[None], five_points(mesh[None]))[0]:
        near = cut * ((x - point[0]) ** 2 + (y - point[1]) ** 2 < (0.25 * MESH_CROP.scale) ** 2)
        centroid = np.array([(near * x).sum(), (near * y).sum()]) / near.sum()
        np.testing.assert_allclose(centroid, point, atol=0.25)


def test_a_large_face_is_averaged_down_and_not_picked_at_points():
    """Fine stripes must come out grey; picking pixels would turn them into false wrinkles."""
    picture = np.zeros((1600, 1600), np.uint8)
    picture[:, ::2] = 255
    matrix = matrices_from_meshes(placed(400, 0, 800, 800)[None], MESH_CROP)[0]
    cut = crop(picture, matrix, MESH_CROP).astype(float)
    assert cut.mean() == pytest.approx(127.5, abs=3)
    assert cut.std() < 12


def test_outside_the_picture_the_border_is_repeated():
    picture = np.full((60, 60), 200, np.uint8)
    for scale, x in ((20, 0), (300, -500)):
        matrix = matrices_from_meshes(placed(scale, 30, x, 30)[None], MESH_CROP)[0]
        assert (crop(picture, matrix, MESH_CROP) == 200).all()


def test_a_batch_holds_the_same_crops_as_one_by_one():
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (300, 400), np.uint8), (0, 0), 3)
    meshes = np.stack([placed(30 + 10 * k, 20 * k, 100 + 50 * k, 150) for k in range(4)])
    matrices = matrices_from_meshes(meshes, EXPRESSION_CROP)
    batch = crop_batch(picture, matrices, EXPRESSION_CROP)
    assert batch.shape == (4, 1, 64, 64)
    assert batch.dtype == np.float32
    for row, matrix in zip(batch, matrices, strict=True):
        np.testing.assert_allclose(row[0] * 255, crop(picture, matrix, EXPRESSION_CROP), atol=1e-3)
    assert crop_batch(picture, np.zeros((0, 2, 3)), EXPRESSION_CROP).shape == (0, 1, 64, 64)
    assert invert(matrices).shape == (4, 2, 3)
