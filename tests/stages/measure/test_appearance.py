"""How skin looks: light must not count, and no half may say what the other one does."""

from __future__ import annotations

import numpy as np

from mimika.data.options import Options
from mimika.stages.measure.appearance import FEATURES, AppearanceNet, halves_of, mirror_places, pictures_of
from mimika.stages.measure.evened import evened

NET = AppearanceNet(Options())
UPPER_LEFT, LOWER_LEFT, UPPER_RIGHT, LOWER_RIGHT = (slice(FEATURES * row, FEATURES * (row + 1)) for row in range(4))


def some_cuts(count=2):
    return np.random.default_rng(0).integers(60, 190, (count, 64, 64)).astype(np.uint8)


def test_light_and_contrast_hardly_count():
    cut = some_cuts(1)[0]
    dark = 20 + 0.7 * cut.astype(np.float32)
    difference = evened(cut, 19).astype(float) - evened(dark, 19)
    assert np.abs(difference).mean() < 0.1 * np.abs(evened(cut, 19).astype(float) - 128).mean()
    assert abs(float(evened(cut, 19).mean()) - 128) < 3
    np.testing.assert_array_equal(evened(np.full((64, 64), 7, np.uint8), 19), 128)


def test_the_mirror_picture_has_its_halves_swapped_and_nothing_else():
    cuts = some_cuts()
    plain, mirrored = NET.measure(cuts), NET.measure(cuts[..., ::-1])
    assert plain.shape == (2, 4 * FEATURES)
    np.testing.assert_allclose(mirrored, plain[:, mirror_places()], atol=1e-4)
    halves = halves_of(pictures_of(cuts))
    np.testing.assert_array_equal(halves_of(pictures_of(cuts[..., ::-1])), halves[[2, 3, 0, 1]])


def test_a_region_does_not_see_what_another_one_does():
    cuts = some_cuts(1)
    plain, other = NET.measure(cuts), cuts.copy()
    # The mouth's corner on the subject's left, further from the other regions than light is evened out over.
    other[0, 52:60, 52:60] = 255 - other[0, 52:60, 52:60]
    changed = np.abs(NET.measure(other) - plain)[0]
    assert changed[LOWER_LEFT].max() > 0.01
    assert max(changed[part].max() for part in (UPPER_LEFT, UPPER_RIGHT, LOWER_RIGHT)) == 0


def test_no_face_has_no_appearance():
    assert NET.measure(np.zeros((0, 64, 64), np.uint8)).shape == (0, 4 * FEATURES)
