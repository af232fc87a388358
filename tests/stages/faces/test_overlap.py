"""Overlap: if it failed, one face would be written twice, or two people as one."""

from __future__ import annotations

import numpy as np

from mimika.stages.faces.overlap import distinct, same_face


def test_boxes_on_one_face_are_the_same_and_neighbours_are_not():
    face = [[100, 100, 50, 60]]
    others = [[104, 97, 50, 60], [145, 100, 50, 60], [110, 120, 20, 20], [400, 100, 50, 60], [0, 0, 0, 0]]
    np.testing.assert_array_equal(same_face(face, others), [[True, False, True, False, False]])


def test_the_stronger_of_two_on_one_face_stays_and_the_order_is_kept():
    boxes = np.array([[300, 0, 50, 50], [0, 0, 50, 50], [3, 2, 50, 50], [600, 0, 50, 50], [302, 0, 50, 50]])
    np.testing.assert_array_equal(distinct(boxes, np.array([0.9, 0.8, 0.95, 0.5, 0.7])), [0, 2, 3])
    np.testing.assert_array_equal(distinct(boxes[:1], np.ones(1)), [0])
    assert len(distinct(np.zeros((0, 4)), np.zeros(0))) == 0


def test_no_boxes_give_an_empty_table():
    assert same_face(np.zeros((0, 4)), np.ones((3, 4))).shape == (0, 3)
    assert same_face(np.ones((3, 4)), np.zeros((0, 4))).shape == (3, 0)
