"""The mesh stage: if a crop were mapped back wrongly, every point would lie beside the face."""

from __future__ import annotations

import numpy as np
import pytest
from networks import write_network
from onnx import helper

from mimika.data.options import Options
from mimika.stages.faces.align import MESH_CROP, five_points, matrices_from_five, matrices_from_meshes, mean_face
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.measure.pose import rotation_of

SIDE = MESH_CROP.side
TEMPLATE = (mean_face() * MESH_CROP.scale + [SIDE / 2, SIDE / 2, 0]).astype(np.float32)


@pytest.fixture
def network(tmp_path):
    """Give a network that sees the mean face at the brightest column's offset and as present as the crop is bright."""
    columns = np.broadcast_to(np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2, (1, 1, SIDE, SIDE)).copy()
    nodes = [
        helper.make_node("ReduceMean", ["luma"], ["presence"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["luma", "columns"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axes"], ["moment"], keepdims=1),
        helper.make_node("ReduceSum", ["luma", "axes"], ["mass"], keepdims=1),
        helper.make_node("Div", ["moment", "mass"], ["offset"]),
        helper.make_node("Reshape", ["offset", "flat"], ["shift"]),
        helper.make_node("Mul", ["shift", "along_x"], ["moved"]),
        helper.make_node("Add", ["moved", "template"], ["points"]),
    ]
    constants = {
        "columns": columns,
        "axes": np.array([1, 2, 3]),
        "flat": np.array([-1, 1, 1]),
        "along_x": np.float32([[[1, 0, 0]]]),
        "template": TEMPLATE[None],
    }
    outputs = {"points": ["n", 478, 3], "presence": ["n"]}
    path = write_network(tmp_path / "mesh.onnx", nodes, ["n", 1, SIDE, SIDE], outputs, constants)
    return MeshNet(Options(), str(path))


def placed(scale, roll, x, y):
    return scale * mean_face() @ rotation_of(0, 0, roll).T + np.array([x, y, 0])


def test_points_come_back_in_pixels_of_the_picture_depth_included(network):
    picture = np.full((400, 600), 204, np.uint8)
    meshes = np.stack([placed(30, 20, 200, 150), placed(80, -100, 350, 200), placed(9, 0, 30, 380)])
    found, presence = network.measure(picture, matrices_from_meshes(meshes, MESH_CROP))
    np.testing.assert_allclose(found, meshes, atol=0.02)
    np.testing.assert_allclose(presence, 0.8, atol=1e-4)
    assert found.shape == (3, 478, 3)


def test_a_place_whose_points_coincide_is_no_face_and_stops_no_other(network):
    picture = np.full((100, 100), 255, np.uint8)
    points = np.stack([five_points(placed(20, 0, 50, 50)[None])[0], np.full((5, 2), 30.0), np.full((5, 2), np.nan)])
    meshes, presence = network.measure(picture, matrices_from_five(points, MESH_CROP))
    assert presence.tolist() == pytest.approx([1, 0, 0])
    assert np.isfinite(meshes).all()


def test_no_place_gives_no_mesh(network):
    meshes, presence = network.measure(np.zeros((50, 50), np.uint8), np.zeros((0, 2, 3)))
    assert meshes.shape == (0, 478, 3)
    assert presence.shape == (0,)


def test_a_fresh_face_is_looked_at_again_where_its_mesh_was(network):
    picture = np.full((200, 400), 20, np.uint8)
    picture[:, 240:] = 250
    matrices = matrices_from_meshes(placed(40, 0, 200, 100)[None], MESH_CROP)
    once, _ = network.measure(picture, matrices)
    assert once[0, :, 0].mean() > 202
    meshes, _ = network.settle(picture, matrices, np.array([True]), passes=2)
    again, _ = network.measure(picture, matrices_from_meshes(once[:1], MESH_CROP))
    twice, _ = network.measure(picture, matrices_from_meshes(again, MESH_CROP))
    np.testing.assert_allclose(meshes[0], twice[0], atol=1e-3)


def test_a_face_that_moved_is_looked_at_again_and_one_that_stayed_is_not(network):
    picture = np.full((200, 400), 20, np.uint8)
    picture[:, 240:] = 250
    moved = matrices_from_meshes(placed(40, 0, 200, 100)[None], MESH_CROP)
    followed, _ = network.settle(picture, moved, np.array([False]), passes=1)
    once, _ = network.measure(picture, moved)
    assert followed[0, :, 0].mean() > once[0, :, 0].mean() + 5
    still = np.full((200, 400), 90, np.uint8)
    stayed, _ = network.settle(still, moved, np.array([False]), passes=3)
    np.testing.assert_array_equal(stayed, network.measure(still, moved)[0])


def test_settling_leaves_alone_what_is_no_face(network):
    meshes, presence = network.settle(
        np.full((50, 50), 255, np.uint8), np.zeros((2, 2, 3)), np.array([True, False]), passes=2
    )
    assert presence.tolist() == [0, 0]
    assert not meshes.any()
