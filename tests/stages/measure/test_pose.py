"""Head pose: a wrong sign here would turn every nod and every glance the wrong way round in the user's table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.pose import angles_of, fit_mean_face, head_pose, rotation_of

SIZE = (640, 480)
NOSE, FOREHEAD, CHIN = 1, 10, 152


def posed(pitch=0.0, yaw=0.0, roll=0.0, scale=60.0, at=(300.0, 200.0, 0.0)):
    """Return the mean face in the given pose, as a (478, 3) mesh in pixels."""
    return scale * mean_face() @ rotation_of(pitch, yaw, roll).T + np.array(at)


def pose(mesh, size=SIZE):
    angles, translations = head_pose(mesh[None], size)
    return angles[0], translations[0]


def test_looking_up_lifts_the_nose_and_is_a_positive_pitch():
    mesh = posed(pitch=20)
    middle = (mesh[FOREHEAD] + mesh[CHIN]) / 2
    level = posed()
    assert mesh[NOSE, 1] - middle[1] < level[NOSE, 1] - ((level[FOREHEAD] + level[CHIN]) / 2)[1]
    assert pose(mesh)[0] == pytest.approx([20, 0, 0], abs=0.1)


def test_turning_to_the_own_left_moves_the_nose_right_in_the_image_and_is_a_positive_yaw():
    mesh = posed(yaw=25)
    assert mesh[NOSE, 0] > posed()[NOSE, 0]
    assert pose(mesh)[0] == pytest.approx([0, 25, 0], abs=0.1)


def test_tilting_clockwise_in_the_image_is_a_positive_roll():
    mesh = posed(roll=30)
    assert mesh[FOREHEAD, 0] > mesh[CHIN, 0]
    assert pose(mesh)[0] == pytest.approx([0, 0, 30], abs=0.1)


@given(st.floats(-60, 60), st.floats(-85, 85), st.floats(-179, 179), st.floats(5, 800))
def test_any_pose_is_recovered_within_a_tenth_of_a_degree(pitch, yaw, roll, scale):
    angles, _ = pose(posed(pitch, yaw, roll, scale))
    assert angles == pytest.approx([pitch, yaw, roll], abs=0.1)


@given(st.floats(-50, 50), st.floats(-70, 70), st.floats(-150, 150))
def test_a_mirrored_picture_mirrors_yaw_roll_and_sideways_position_and_nothing_else(pitch, yaw, roll):
    mesh = posed(pitch, yaw, roll)
    mirrored = (mesh * [-1, 1, 1] + [SIZE[0] - 1, 0, 0])[mirror_map()]
    (angles, place), (flipped, flipped_place) = pose(mesh), pose(mirrored)
    assert flipped == pytest.approx(angles * [1, -1, -1], abs=0.05)
    assert flipped_place == pytest.approx(place * [-1, 1, 1], abs=1e-3)


@given(st.floats(-90, 90))
def test_turning_the_picture_changes_the_roll_alone(turn):
    turned = posed(15, -30, 10) @ rotation_of(0, 0, turn).T
    assert pose(turned)[0] == pytest.approx([15, -30, 10 + turn], abs=0.1)


def test_an_open_mouth_does_not_nod_the_head():
    mesh = posed(5, 10, -5)
    below = mean_face()[:, 1] > 0.75
    mesh[below, 1] += 25
    assert pose(mesh)[0] == pytest.approx([5, 10, -5], abs=0.1)


def test_a_profile_at_ninety_degrees_gives_numbers_that_rebuild_the_same_rotation():
    for yaw in (90.0, -90.0):
        angles = angles_of(rotation_of(12, yaw, 7)[None])[0]
        assert np.isfinite(angles).all()
        assert angles[2] == 0
        np.testing.assert_allclose(rotation_of(*angles), rotation_of(12, yaw, 7), atol=1e-6)


def test_translation_is_measured_from_the_image_centre_in_inter_ocular_distances():
    _, place = pose(posed(scale=50, at=((640 - 1) / 2 + 100, (480 - 1) / 2 - 25, 3)))
    assert place == pytest.approx([2.0, -0.5, 640 / 50], abs=1e-3)


def test_a_mesh_turned_inside_out_still_gives_a_rotation():
    rotations, scales, _ = fit_mean_face((mean_face() * [1, 1, -1])[None])
    assert np.linalg.det(rotations[0]) == pytest.approx(1)
    assert scales[0] > 0


def test_a_batch_gives_each_face_what_it_gets_alone():
    meshes = np.stack([posed(yaw=angle, pitch=angle / 3, scale=20 + angle) for angle in range(0, 64)])
    angles, places = head_pose(meshes, SIZE)
    alone = [pose(mesh) for mesh in meshes]
    np.testing.assert_allclose(angles, [a for a, _ in alone], atol=1e-4)
    np.testing.assert_allclose(places, [p for _, p in alone], atol=1e-4)
    assert angles.shape == places.shape == (64, 3)


def test_no_face_is_an_empty_result():
    angles, places = head_pose(np.zeros((0, 478, 3), np.float32), SIZE)
    assert angles.shape == places.shape == (0, 3)
