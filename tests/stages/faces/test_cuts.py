"""Cuts: if one were missed, the people of the next scene would get the ids of those before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mimika.stages.faces.cuts import CutDetector


def scene(seed, size=(360, 640)):
    """Return a smooth random picture with full contrast."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16), np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def test_a_cut_is_seen_once_on_its_first_frame():
    cuts = CutDetector()
    frames = [scene(1)] * 5 + [scene(2)] * 5 + [scene(3)]
    assert [cuts.is_cut(frame) for frame in frames] == [False] * 5 + [True] + [False] * 4 + [True]


@pytest.mark.parametrize("size", [(90, 160), (360, 640), (1080, 1920)])
def test_pans_noise_and_dimming_are_no_cuts(size):
    cuts, rng = CutDetector(), np.random.default_rng(0)
    wide = scene(4, (size[0], size[1] * 2))
    for number in range(30):
        left = number * size[1] // 100
        view = wide[:, left : left + size[1]] * (1 - 0.02 * number) + rng.normal(0, 8, size)
        assert not cuts.is_cut(np.uint8(view.clip(0, 255)))


def test_the_first_frame_of_a_recording_is_no_cut():
    cuts = CutDetector()
    assert not cuts.is_cut(scene(1))
    cuts.reset()
    assert not cuts.is_cut(scene(2))
