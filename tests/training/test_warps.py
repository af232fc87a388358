"""Warped photos: if lids, lips or sides were moved wrongly, everything learnt and tested on them would be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.labels import ACTION_UNITS
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.action_units import displacements, triangles
from mimika.stages.measure.pose import rotation_of
from mimika.training.warps import Inside, displaced, move, posed

BASIS = displacements().astype(np.float64)


def mesh_of(scale=60.0, turn=(0, 0, 0)):
    calm = mean_face().astype(np.float64)
    gap = calm[[14, 87, 317], 1].mean() - calm[[13, 82, 312], 1].mean()
    # The mean face smiles a little; its lips are put together.
    lower = (calm[:, 1] > calm[13, 1] + gap / 2) & (np.abs(calm[:, 0]) < 0.5)
    calm[lower, 1] -= 0.95 * gap
    return scale * calm @ rotation_of(*turn).T + [128, 128, 0]


def picture():
    y, x = np.mgrid[:256, :256]
    return (128 + 60 * np.sin(x / 5) * np.cos(y / 7)).astype(np.uint8)


def acting(unit, sides=(0, 1), intensity=5.0, mesh=None):
    units = np.zeros((1, 23, 2))
    units[0, ACTION_UNITS.index(unit), list(sides)] = intensity
    mesh = mesh_of() if mesh is None else mesh
    shape = (mesh_of(1.0) - [128, 128, 0])[None]
    return posed(displaced(shape, BASIS, units), mesh[None])[0]


def test_no_movement_leaves_the_picture_as_it_was():
    warped, mesh = move(picture(), mesh_of(), np.zeros((478, 3)), triangles())
    assert np.abs(warped.astype(int) - picture()).max() <= 2
    np.testing.assert_allclose(mesh, mesh_of(), atol=1e-4)


def test_lids_meet_at_full_closure_whatever_the_eye():
    for stretch in (0.7, 1.5):
        mesh = mesh_of(1.0) - [128, 128, 0]
        middle = mesh[[386, 374], 1].mean()
        rim = [398, 384, 385, 386, 387, 388, 466, 382, 381, 380, 374, 373, 390, 249]
        mesh[rim, 1] = middle + stretch * (mesh[rim, 1] - middle)
        units = np.zeros((1, 23, 2))
        units[0, ACTION_UNITS.index("AU43"), 0] = 5
        shut = mesh + displaced(mesh[None], BASIS, units)[0]
        assert abs(shut[[374, 380, 373], 1].mean() - shut[[386, 385, 387], 1].mean()) < 0.01


@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 25, 10)])
def test_what_moves_is_the_side_that_was_asked_for(turn):
    mesh = mesh_of(turn=turn)
    left = np.linalg.norm(acting("AU12", [0], mesh=mesh), axis=1)
    assert left[291] > 5 * left[61]
    right = np.linalg.norm(acting("AU12", [1], mesh=mesh), axis=1)
    np.testing.assert_allclose(right[mirror_map()], left, atol=0.2)


def test_the_background_stays_and_the_mouth_moves():
    warped, mesh = move(picture(), mesh_of(), acting("AU12"), triangles())
    changed = np.abs(warped.astype(int) - picture())
    assert changed[:8].max() <= 2
    x, y = mesh[291, :2].astype(int)
    assert changed[y - 12 : y + 12, x - 12 : x + 12].max() > 20


def test_an_opened_mouth_shows_its_inside_and_a_shut_one_does_not():
    grey = np.full((256, 256), 150, np.uint8)
    opened, mesh = move(grey, mesh_of(), acting("AU26"), triangles(), Inside(dark=20))
    x, y = mesh[[13, 14], :2].mean(axis=0).round().astype(int)
    assert opened[y, x] < 40
    smiling, mesh = move(grey, mesh_of(), acting("AU12"), triangles(), Inside(dark=20))
    assert smiling.min() > 120


def test_colour_pictures_are_warped_alike():
    grey, _ = move(picture(), mesh_of(), acting("AU4"), triangles())
    colour, _ = move(np.repeat(picture()[..., None], 3, axis=2), mesh_of(), acting("AU4"), triangles())
    assert colour.shape == (256, 256, 3)
    np.testing.assert_array_equal(colour[..., 1], grey)


def test_half_a_pixel_of_movement_is_seen_in_the_picture():
    slight, mesh = move(picture(), mesh_of(), acting("AU12", intensity=0.2), triangles())
    assert 0.1 < np.linalg.norm(mesh - mesh_of(), axis=1).max() < 1.0
    assert np.abs(slight.astype(int) - picture()).sum() > 500
