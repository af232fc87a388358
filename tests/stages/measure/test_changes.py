"""Two pictures of a person compared: a movement on the wrong side, or one that the light brought about, is no unit."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from mimika.data.frame import Frame
from mimika.data.labels import ACTION_UNITS
from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.measure.action_units import displacements, triangles
from mimika.stages.measure.changes import ChangeNet, known, layers, portraits
from mimika.stages.measure.evened import evened
from mimika.stages.measure.unit_inputs import upright_of
from mimika.training.warps import displaced, move, posed

NET = ChangeNet(Options())
BASIS = displacements()


@pytest.fixture(scope="module")
def calm(shared_data):
    """Return the luma and the mesh (478, 3) of a calm portrait."""
    table = pq.read_table(shared_data / "studio" / "studio-00000-of-00001.parquet")
    row = next(row for row in table.to_pylist() if row["label"] == "neutral")
    frame = Frame(cv2.imdecode(np.frombuffer(row["image"]["bytes"], np.uint8), cv2.IMREAD_GRAYSCALE))
    observation = Pipeline(Options()).process_photo(frame)
    return observation.frame.luma, observation.measurements.meshes[0]


def warped(calm, side: int, unit: str = "AU12", intensity: float = 4.0):
    """Return the portrait with one unit acting on one side, and its mesh."""
    luma, mesh = calm
    units = np.zeros((1, len(ACTION_UNITS), 2))
    units[0, ACTION_UNITS.index(unit), side] = intensity
    shift = posed(displaced(upright_of(mesh[None]), BASIS, units), mesh[None])[0]
    return move(luma, mesh, shift, triangles())


@pytest.mark.parametrize("unit", ["AU2", "AU12"])
def test_a_one_sided_movement_is_seen_on_its_side(calm, unit):
    before = portraits(calm[0], calm[1][None])
    row = ACTION_UNITS.index(unit)
    for side in (0, 1):
        luma, mesh = warped(calm, side, unit)
        found = NET.measure(portraits(luma, mesh[None]), before)[0, row]
        assert found[side] > 0.3
        assert found[side] > found[1 - side] + 0.15


def test_a_face_that_did_not_move_shows_nothing_in_any_light(calm):
    luma, mesh = calm
    before = portraits(luma, mesh[None])
    dimmer = np.asarray(luma * 0.6 + 20, np.uint8)
    for now in (before, portraits(dimmer, mesh[None])):
        assert NET.measure(now, before).max() < 0.15


def test_a_portrait_is_upright_and_of_one_size(calm):
    luma, mesh = calm
    plain = portraits(luma, mesh[None])
    turn = cv2.getRotationMatrix2D((luma.shape[1] / 2, luma.shape[0] / 2), 17, 0.8)
    points = mesh.copy()
    points[:, :2] = mesh[:, :2] @ turn[:, :2].T + turn[:, 2]
    turned = cv2.warpAffine(luma, turn, luma.shape[::-1], flags=cv2.INTER_AREA)
    middle = slice(16, 80)
    gap = np.abs(portraits(np.asarray(turned, np.uint8), points[None]).astype(int) - plain)[:, middle, middle]
    assert plain.shape == (1, 96, 96)
    assert gap.mean() < 6


def test_mirrored_pictures_have_their_sides_swapped(calm):
    before = portraits(calm[0], calm[1][None])
    luma, mesh = warped(calm, 0)
    now = portraits(luma, mesh[None])
    plain, other = NET.measure(now, before), NET.measure(now[..., ::-1], before[..., ::-1])
    np.testing.assert_allclose(other, plain[..., ::-1], atol=1e-6)


def test_layers_tell_which_way_an_edge_moved():
    picture = np.zeros((96, 96), np.float32)
    picture[:, 64:] = 160
    picture = cv2.GaussianBlur(picture, (0, 0), 3)
    before, right = (evened(np.asarray(each, np.uint8), 25)[None] for each in (picture, np.roll(picture, 1, axis=1)))
    found = layers(right, before)
    edge = slice(64 - 36 - 3, 64 - 36 + 3)
    # The picture gains on its left where it moves to the right, as optical flow has it: gain = -slope * movement.
    assert found[0, 2, 20:76, edge].mean() < -0.2
    assert np.abs(found[0, 3, 20:76, edge]).max() < 0.05
    assert found.shape == (2, 4, 96, 60)
    assert np.abs(layers(before, before)[:, 1:]).max() == 0


def test_blank_pictures_are_known_as_such_and_no_faces_give_nothing():
    pictures = np.zeros((2, 96, 96), np.uint8)
    pictures[1] = evened(np.full((96, 96), 200, np.uint8), 25)
    np.testing.assert_array_equal(known(pictures), [False, True])
    assert NET.measure(pictures[:0], pictures[:0]).shape == (0, 23, 2)
