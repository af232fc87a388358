"""How far a mesh follows: were flow told in other units than points, all that is said of it would be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from mimika.data.movements import REGIONS
from mimika.stages.faces.align import mean_face
from mimika.training.mesh_follows import _agreement, moments, regions_of


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
    shape = mean_face()[None, :468, :2]
    raised = shape.copy()
    raised[0, [70, 63, 105, 53], 1] -= 0.1
    way = regions_of(raised) - regions_of(shape)
    row = list(REGIONS).index("outer_brow_right")
    width = np.ptp(mean_face()[:468, 0])
    assert way[0, row, 1] == pytest.approx(-0.1 * 150 / width)
    assert not np.delete(way[0], row, axis=0).any()


def test_moments_are_a_movement_apart_and_the_head_keeps_still():
    time_s = np.concatenate([np.arange(0, 2, 0.04), np.arange(5, 6, 0.04)])
    head = np.zeros((len(time_s), 3))
    head[10:, 0] = 20
    first, last = moments(time_s, head)
    assert np.allclose(time_s[last] - time_s[first], 0.4, atol=0.05), "no pair across the gap"
    assert not ((first < 10) & (last >= 10)).any()
    assert len(first) > 40
