"""Eyes: if a shut eye counted as open, or left as right, every blink and every glance in the table would be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.eyes import gaze, openness
from mimika.stages.measure.pose import rotation_of

UPPER, LOWER = (398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249)
IRIS_LEFT, IRIS_RIGHT = range(473, 478), range(468, 473)
LEVEL = np.zeros((1, 3))


def posed(mesh, pitch=0.0, yaw=0.0, roll=0.0):
    return (80 * mesh @ rotation_of(pitch, yaw, roll).T + [300, 200, 0])[None]


def shut_left(share=1.0):
    mesh = mean_face().astype(np.float64)
    for up, low in zip(UPPER, LOWER, strict=True):
        mesh[up] += share * (mesh[low] - mesh[up])
    return mesh


def looking(x=0.0, y=0.0):
    mesh = mean_face().astype(np.float64)
    mesh[[*IRIS_LEFT, *IRIS_RIGHT], :2] += (x, y)
    return mesh


def test_an_eye_that_shuts_goes_from_about_one_to_zero_and_the_other_stays_open():
    steps = [openness(posed(shut_left(share)))[0] for share in (0, 0.3, 0.6, 1.0)]
    left, right = np.array(steps).T
    assert 0.6 < left[0] < 1.6
    assert (np.diff(left) < 0).all()
    assert left[-1] == 0
    np.testing.assert_allclose(right, right[0])


@pytest.mark.parametrize("turn", [(0, 35, 0), (20, -30, 0), (-15, 10, 40)])
def test_turning_the_head_does_not_shut_an_eye(turn):
    np.testing.assert_allclose(openness(posed(mean_face(), *turn)), openness(posed(mean_face())), rtol=1e-3)


def test_eyes_to_the_own_left_are_a_positive_yaw_and_up_a_positive_pitch():
    straight = gaze(posed(looking()), LEVEL)[0]
    assert gaze(posed(looking(x=0.05)), LEVEL)[0, 0] > straight[0] + 8
    assert gaze(posed(looking(y=-0.05)), LEVEL)[0, 1] > straight[1] + 8
    assert abs(straight[0]) < 2


@pytest.mark.parametrize("turn", [(0, 0, 0), (10, 20, 5), (-15, -35, 60)])
def test_eyes_fixed_in_the_head_look_the_same_way_however_it_turns(turn):
    mesh = mean_face().astype(np.float64)
    for iris, corners in ((IRIS_LEFT, (362, 263)), (IRIS_RIGHT, (133, 33))):
        width = np.linalg.norm(mesh[corners[0]] - mesh[corners[1]])
        # 15° to the side on an eyeball of 0.42 eye widths, its centre 0.1 behind the corners and 0.065 above.
        ahead = np.array([0.42 * np.sin(np.radians(15)), -0.065, 0.1 - 0.42 * np.cos(np.radians(15))])
        mesh[list(iris)] = mesh[list(corners)].mean(axis=0) + width * ahead
    np.testing.assert_allclose(gaze(posed(mesh, *turn), np.array([turn]))[0], [15, 0], atol=0.7)


def test_a_mirrored_face_looks_the_other_way_and_swaps_its_eyes():
    mesh = shut_left(0.5)
    mesh[[*IRIS_LEFT, *IRIS_RIGHT], 0] += 0.04
    mirrored = mesh[mirror_map()] * [-1, 1, 1]
    np.testing.assert_allclose(openness(posed(mirrored))[0], openness(posed(mesh))[0, ::-1], rtol=1e-4)
    np.testing.assert_allclose(gaze(posed(mirrored), LEVEL)[0], gaze(posed(mesh), LEVEL)[0] * [-1, 1], atol=0.01)


def test_no_face_has_no_eyes():
    assert openness(np.zeros((0, 478, 3))).shape == (0, 2)
    assert gaze(np.zeros((0, 478, 3)), np.zeros((0, 3))).shape == (0, 2)
