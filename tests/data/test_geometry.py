"""Geometry: if a crop could not be undone exactly, every mesh point would land beside the face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mimika.data.geometry import boxes_of, invert, iou, scale_of, similarity, transform

angles = st.floats(-180, 180)
scales = st.floats(0.05, 20)
shifts = st.floats(-2000, 2000)
points = arrays(np.float64, (3, 9, 2), elements=st.floats(-500, 500))


def matrix(angle, scale, x, y):
    turn = np.radians(angle)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[[cos, -sin, x], [sin, cos, y]]])


def spread(cloud):
    """Return whether the points of each face lie apart, so that a turn can be told."""
    return bool((np.ptp(cloud, axis=1).max(axis=1) > 1).all())


@given(angles, scales, shifts, shifts, points)
def test_a_known_transform_is_recovered_from_its_points(angle, scale, x, y, cloud):
    if not spread(cloud):
        return
    true = matrix(angle, scale, x, y)
    found = similarity(cloud, transform(np.repeat(true, 3, axis=0), cloud))
    np.testing.assert_allclose(found[..., :2], np.repeat(true, 3, axis=0)[..., :2], atol=1e-6 * max(1, scale))
    np.testing.assert_allclose(transform(found, cloud), transform(np.repeat(true, 3, axis=0), cloud), atol=1e-5)
    np.testing.assert_allclose(scale_of(found), scale, rtol=1e-6)


@given(angles, scales, shifts, shifts, points)
def test_there_and_back_is_where_one_started(angle, scale, x, y, cloud):
    there = np.repeat(matrix(angle, scale, x, y), 3, axis=0)
    np.testing.assert_allclose(transform(invert(there), transform(there, cloud)), cloud, atol=1e-6)


@given(angles, scales)
def test_depth_is_scaled_as_much_as_the_picture(angle, scale):
    cloud = np.random.default_rng(0).normal(size=(1, 5, 3))
    moved = transform(matrix(angle, scale, 3, 4), cloud)
    np.testing.assert_allclose(moved[..., 2], cloud[..., 2] * scale)
    spans = np.linalg.norm(moved[0, 1:, :2] - moved[0, 0, :2], axis=1)
    np.testing.assert_allclose(spans, scale * np.linalg.norm(cloud[0, 1:, :2] - cloud[0, 0, :2], axis=1))


@given(points)
def test_the_fit_is_never_a_mirror(cloud):
    mirrored = cloud * [-1, 1]
    found = similarity(cloud, mirrored)
    assert (np.linalg.det(found[..., :2]) >= -1e-9).all()


def test_points_that_coincide_give_scale_zero_and_not_an_error():
    found = similarity(np.full((1, 5, 2), 7.0), np.random.default_rng(0).normal(size=(5, 2)))
    assert scale_of(found) == pytest.approx(0)
    with pytest.raises(np.linalg.LinAlgError):
        invert(found)


@given(points)
def test_a_box_holds_all_its_points(cloud):
    boxes = boxes_of(cloud).astype(np.float64)
    low, high = boxes[:, None, :2], boxes[:, None, :2] + boxes[:, None, 2:]
    assert (cloud >= low - 1e-3).all()
    assert (cloud <= high + 1e-3).all()


def test_intersection_over_union_of_known_boxes():
    a = np.array([[0, 0, 10, 10], [0, 0, 0, 0]])
    b = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 5, 5], [0, 0, 0, 0]])
    np.testing.assert_allclose(iou(a, b), [[1, 1 / 3, 0, 0], [0, 0, 0, 0]])


@given(arrays(np.float64, (4, 4), elements=st.floats(0, 100)))
def test_intersection_over_union_is_symmetric_and_between_0_and_1(boxes):
    table = iou(boxes, boxes)
    np.testing.assert_allclose(table, table.T, atol=1e-12)
    assert ((table >= 0) & (table <= 1 + 1e-9)).all()
