"""The closer look at the eyes: put back in the wrong place or on the wrong side, lids would lie beside the eyes."""

from __future__ import annotations

import numpy as np
import pytest
from networks import write_network
from onnx import helper

from mimika.data.options import Options
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.eye_region import EYE_CROP, LEFT_POINTS, EyeNet, eye_matrices, point_rows
from mimika.stages.measure.pose import rotation_of

SIDE = EYE_CROP.side


def placed(scale=60.0, roll=0.0, at=(200.0, 150.0)):
    return (scale * mean_face() @ rotation_of(0, 0, roll).T + [*at, 0])[None].astype(np.float32)


@pytest.fixture
def network(tmp_path):
    """Give a network that always answers with the mean face's own left eye, moved 2 pixels up."""
    mesh = placed()
    matrix = eye_matrices(mesh)[0, 0]
    points = mesh[0, list(LEFT_POINTS), :2] @ matrix[:, :2].T + matrix[:, 2] - [0, 2]
    nodes = [
        helper.make_node("ReduceMean", ["luma"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["mean", "flat"], ["level"]),
        helper.make_node("Mul", ["level", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "template"], ["points"]),
    ]
    constants = {"flat": np.array([-1, 1, 1]), "zero": np.float32([[[0]]]), "template": np.float32(points)[None]}
    outputs = {"points": ["n", len(LEFT_POINTS), 2]}
    path = write_network(tmp_path / "eyes.onnx", nodes, ["n", 1, SIDE, SIDE], outputs, constants)
    return EyeNet(Options(), str(path))


@pytest.mark.parametrize("roll", [0, 30, -120])
def test_both_eyes_are_put_back_where_the_crop_came_from(network, roll):
    meshes = np.concatenate([placed(roll=roll), placed(scale=25, roll=roll, at=(90, 300))])
    better = network.refine(np.full((400, 500), 128, np.uint8), meshes)
    up = rotation_of(0, 0, roll)[:2, 1]
    for mesh, old, scale in zip(better, meshes, (60, 25), strict=True):
        for rows in point_rows():
            risen = np.broadcast_to(-2 / EYE_CROP.scale * scale * up, (len(rows), 2))
            # A mirrored crop of 40 pixels has its middle one pixel aside.
            np.testing.assert_allclose(mesh[rows, :2] - old[rows, :2], risen, atol=1.05 * scale / EYE_CROP.scale)


def test_all_other_points_and_all_depths_stay(network):
    meshes = placed()
    better = network.refine(np.full((300, 400), 128, np.uint8), meshes)
    rest = np.setdiff1d(np.arange(478), np.concatenate(point_rows()))
    np.testing.assert_array_equal(better[:, rest], meshes[:, rest])
    np.testing.assert_array_equal(better[..., 2], meshes[..., 2])


def test_left_and_right_points_are_each_others_mirror():
    left, right = point_rows()
    np.testing.assert_array_equal(mirror_map()[right], left)
    assert mean_face()[left, 0].min() > 0
    assert mean_face()[right, 0].max() < 0


def test_a_collapsed_mesh_is_left_alone_and_no_face_is_fine(network):
    luma = np.full((100, 100), 128, np.uint8)
    broken = np.full((1, 478, 3), 7, np.float32)
    np.testing.assert_array_equal(network.refine(luma, broken), broken)
    assert network.refine(luma, np.zeros((0, 478, 3), np.float32)).shape == (0, 478, 3)
