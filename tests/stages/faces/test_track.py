"""Tracks: if they failed, one person's numbers would continue under another person's id."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.faces import Faces
from mimika.data.options import Options
from mimika.stages.faces.track import Tracker

FPS = 25.0


def faces(*centres, size=100.0, ids=None):
    boxes = np.array([[x - size / 2, y - size / 2, size, size] for x, y in centres], np.float32).reshape(-1, 4)
    n = len(boxes)
    carried = np.full(n, -1) if ids is None else np.asarray(ids)
    return Faces(boxes, np.full(n, 0.9), np.zeros((n, 5, 2)), carried)


def look(person, n=64):
    """Return the unit embedding of a person, far from everyone else's."""
    vector = np.random.default_rng(person).normal(size=n)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def looks(*people):
    return np.array([look(person) for person in people], np.float32).reshape(len(people), -1)


@pytest.fixture
def tracker():
    return Tracker(Options(lost_s=3.0))


def test_faces_keep_their_ids_whatever_order_they_come_in(tracker):
    rng = np.random.default_rng(0)
    people = [(100 + 150 * k, 200) for k in range(5)]
    first = tracker.assign(faces(*people), looks(*range(5)), 0.0).ids
    assert sorted(first) == [0, 1, 2, 3, 4]
    for number in range(1, 50):
        order = rng.permutation(5)
        moved = [(people[k][0] + rng.normal(0, 3), people[k][1] + rng.normal(0, 3)) for k in order]
        ids = tracker.assign(faces(*moved), looks(*order), number / FPS).ids
        np.testing.assert_array_equal(ids, first[order])


@pytest.mark.parametrize("embeddings", [True, False])
def test_two_people_who_walk_past_each_other_are_not_swapped(tracker, embeddings):
    for number in range(60):
        left, right = (100 + 10 * number, 200), (700 - 10 * number, 215)
        assigned = tracker.assign(faces(left, right), looks(7, 8) if embeddings else None, number / FPS)
        np.testing.assert_array_equal(assigned.ids, [0, 1])


def test_the_one_hidden_behind_the_other_gets_the_same_id_back(tracker):
    for number in range(60):
        left, right = (100 + 10 * number, 200), (700 - 10 * number, 205)
        hidden = abs(left[0] - right[0]) < 60
        if hidden:
            assert tracker.assign(faces(left), looks(7), number / FPS).ids.tolist() == [0]
        else:
            assert tracker.assign(faces(left, right), looks(7, 8), number / FPS).ids.tolist() == [0, 1]


def test_a_face_that_was_away_for_two_seconds_comes_back_under_its_id(tracker):
    tracker.assign(faces((200, 200), (500, 200)), looks(1, 2), 0.0)
    for number in range(1, 50):
        assert tracker.assign(faces((200, 200)), looks(1), number / FPS).ids.tolist() == [0]
    assert tracker.assign(faces((520, 220), (200, 200)), looks(2, 1), 2.0).ids.tolist() == [1, 0]


def test_somebody_else_in_the_place_of_one_who_left_is_a_new_face(tracker):
    tracker.assign(faces((200, 200)), looks(1), 0.0)
    for number in range(1, 50):
        tracker.assign(faces(), None, number / FPS)
    assert tracker.assign(faces((210, 200)), looks(3), 2.0).ids.tolist() == [1]


def test_after_lost_s_the_id_is_given_up_and_never_given_again(tracker):
    assert tracker.assign(faces((200, 200)), looks(1), 0.0).ids.tolist() == [0]
    for number in range(1, 80):
        tracker.assign(faces(), None, number / FPS)
    assert tracker.assign(faces((200, 200)), looks(1), 3.5).ids.tolist() == [1]
    assert tracker.assign(faces((200, 200), (600, 200)), looks(1, 2), 3.6).ids.tolist() == [1, 2]


def test_a_face_in_every_analysed_frame_is_never_away_however_rare_the_frames():
    tracker = Tracker(Options(lost_s=0.5))
    for number in range(5):
        assert tracker.assign(faces((200 + 5 * number, 200)), looks(1), number * 10.0).ids.tolist() == [0]


def test_a_face_far_from_all_others_is_new(tracker):
    tracker.assign(faces((100, 100)), None, 0.0)
    assert tracker.assign(faces((100, 100), (900, 500)), None, 0.04).ids.tolist() == [0, 1]


def test_a_face_of_quite_another_size_in_the_same_place_is_new(tracker):
    tracker.assign(faces((300, 300), size=40), None, 0.0)
    assert tracker.assign(faces((300, 300), size=200), None, 0.04).ids.tolist() == [1]


def test_a_carried_face_keeps_its_id_even_after_a_jump(tracker):
    tracker.assign(faces((100, 100), (300, 100)), None, 0.0)
    jumped = faces((250, 100), (300, 100), ids=[0, 1])
    assert tracker.assign(jumped, None, 0.04).ids.tolist() == [0, 1]


def test_a_moving_face_is_found_where_it_was_heading(tracker):
    for number in range(10):
        tracker.assign(faces((100 + 30 * number, 200), (390, 330)), None, number / FPS)
    # Two detections after a short gap; by place alone the standing face is nearer to the first one's last place.
    assert tracker.assign(faces((490, 200), (390, 330)), None, 12 / FPS).ids.tolist() == [0, 1]


def test_after_a_cut_looks_decide_and_not_places(tracker):
    tracker.assign(faces((100, 100), (500, 100)), looks(1, 2), 0.0)
    tracker.scene_changed()
    assert tracker.assign(faces((100, 100), (480, 100), (800, 400)), looks(3, 1, 2), 0.04).ids.tolist() == [2, 0, 1]


def test_after_a_cut_without_embeddings_everyone_is_new(tracker):
    tracker.assign(faces((100, 100)), None, 0.0)
    tracker.scene_changed()
    assert tracker.assign(faces((100, 100)), None, 0.04).ids.tolist() == [1]


def test_sixty_four_faces_keep_their_ids(tracker):
    rng = np.random.default_rng(3)
    places = [(60 + 120 * (k % 8), 60 + 120 * (k // 8)) for k in range(64)]
    first = tracker.assign(faces(*places), looks(*range(64)), 0.0).ids
    assert len(set(first.tolist())) == 64
    for number in range(1, 6):
        order = rng.permutation(64)
        moved = [(places[k][0] + rng.normal(0, 6), places[k][1] + rng.normal(0, 6)) for k in order]
        np.testing.assert_array_equal(tracker.assign(faces(*moved), looks(*order), number / FPS).ids, first[order])


def test_frames_without_faces_and_time_that_steps_back_are_taken_in_stride(tracker):
    assert len(tracker.assign(Faces.empty(), None, 0.0)) == 0
    assert tracker.assign(faces((100, 100)), None, 1.0).ids.tolist() == [0]
    assert len(tracker.assign(Faces.empty(), np.zeros((0, 0), np.float32), 1.04)) == 0
    assert tracker.assign(faces((102, 100)), None, 0.9).ids.tolist() == [0]


def test_a_new_recording_counts_from_zero_again(tracker):
    tracker.assign(faces((100, 100), (300, 100)), looks(1, 2), 0.0)
    tracker.reset()
    assert tracker.assign(faces((300, 100)), looks(2), 0.0).ids.tolist() == [0]
