"""Faces made to move for the mesh network: were points and pixels to part, it would learn to miss what a face does."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.labels import ACTION_UNITS
from mimika.data.movements import REGIONS
from mimika.stages.faces.align import mean_face
from mimika.stages.measure.action_units import displacements
from mimika.training.mesh_data import MeshFaces
from mimika.training.mesh_follows import _agreement, _regions
from mimika.training.mesh_moves import CUT, Moves, readout
from mimika.training.pictures import LabelledFaces


@pytest.fixture(scope="module")
def face():
    """A grey picture and a mesh in it."""
    mesh = (mean_face() * 60 + (128, 128, 0)).astype(np.float32)
    picture = np.full((256, 256), 200, np.uint8)
    return picture, mesh


def test_pixels_go_where_the_points_go(face):
    picture, mesh = face
    dotted, dots = picture.copy(), [105, 334, 50, 280, 199]
    for x, y in mesh[dots, :2]:
        dotted[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2] = 0
    moves, far = Moves(), []
    for seed in range(6):
        warped, points = moves(dotted, mesh, np.random.default_rng(seed))
        still = points[33, 0] - points[263, 0]
        assert abs(abs(still) / np.linalg.norm((mesh[33] - mesh[263])[:2]) - CUT / 60) < 0.1
        for x, y in points[dots, :2]:
            around = warped[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4].astype(float)
            dark = np.clip(150 - around, 0, None)
            if dark.sum():
                rows, columns = np.mgrid[-3:4, -3:4]
                far.append(np.hypot((dark * rows).sum(), (dark * columns).sum()) / dark.sum())
    assert len(far) > 20
    assert np.median(far) < 1.2


def test_units_are_read_off_what_moved():
    basis = displacements().astype(np.float64).reshape(len(ACTION_UNITS), 2, -1)
    read = readout()
    brow = read @ (0.8 * basis[ACTION_UNITS.index("AU2"), 0])
    assert brow.argmax() == 2, "the third row: AU1 has two"
    assert 0.4 < brow.max() < 0.85
    assert np.abs(np.delete(brow, 2)).max() < 0.5 * brow.max()
    jaw = read @ basis[ACTION_UNITS.index("AU26")].sum(0)
    assert abs(jaw[2]) < 0.1


def test_only_the_asked_share_moves(face):
    picture, mesh = face
    faces = LabelledFaces(picture[None], np.array([[256, 256]]), mesh[None], np.ones(1, bool), np.array(["a"]))

    def moved(share):
        dataset = MeshFaces([(faces, np.array([0]))], [1.0], [], 8, None, absent=0.0, moves=Moves(), moved_share=share)
        return np.mean([dataset[i]["moved"] for i in range(40)])

    assert moved(0.0) == 0
    assert 0.2 < moved(0.5) < 0.8


def test_upright_takes_pose_and_size_out_of_a_crop(face):
    picture, mesh = face
    faces = LabelledFaces(picture[None], np.array([[256, 256]]), mesh[None], np.ones(1, bool), np.array(["a"]))
    item = MeshFaces([(faces, np.array([0]))], [1.0], [], 8, None, absent=0.0, turned_share=0.0)[0]
    points = item["points"].numpy()
    shape = (points - points.mean(0)) @ item["upright"].T
    calm = mean_face() - mean_face().mean(0)
    assert np.abs(shape - calm).max() < 0.02


def test_agreement_tells_share_and_correlation_of_what_moved():
    rng = np.random.default_rng(0)
    flow = rng.normal(0, 3, (500, len(REGIONS), 2))
    found = _agreement(flow, 0.5 * flow)
    assert (found["share"], found["r"]) == (0.5, 1.0)
    assert set(found["regions"]) == {"inner_brow", "outer_brow", "cheek", "nose_wing", "fold", "lip_corner",
                                     "upper_lip", "lower_lip", "chin"}  # fmt: skip
    noise = _agreement(flow, rng.normal(0, 1, flow.shape))
    assert abs(noise["share"]) < 0.05


def test_regions_are_told_in_pixels_of_a_face_150_wide():
    mesh = mean_face()[None] * 100
    raised = mesh.copy()
    raised[0, [70, 63, 105, 53], 1] -= 10
    way = _regions(raised.astype(np.float32)) - _regions(mesh.astype(np.float32))
    row = list(REGIONS).index("outer_brow_right")
    width = np.ptp(mean_face()[:468, 0])
    assert way[0, row, 1] == pytest.approx(-0.1 * 150 / width, rel=0.1)
    assert np.abs(np.delete(way[0], row, axis=0)).max() < 0.3
