"""The shape of a face as numbers to learn: what a mesh does counts, where it lies in the picture does not."""

from __future__ import annotations

import numpy as np

from mimika.stages.faces.align import EXPRESSION_CROP, matrices_from_meshes, mean_face, mirror_map
from mimika.training.shapes import shape_targets


def meshes(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    faces = np.repeat(mean_face()[None], count, 0) * 40 + 100
    faces[:, 13:15, 1] += rng.normal(0, 4, (count, 1))  # lips
    faces[:, 61, 1] += rng.normal(0, 3, count)  # one mouth corner
    return faces.astype(np.float32)


def test_shape_does_not_change_when_the_face_lies_elsewhere() -> None:
    here = meshes(12)
    there = here * 1.7 + np.array([30, -12, 0], np.float32)
    both = np.concatenate([here, there]).astype(np.float32)
    plain, _ = shape_targets(both, np.ones(24, bool), matrices_from_meshes(both, EXPRESSION_CROP), size=3)
    np.testing.assert_allclose(plain[:12], plain[12:], atol=0.02)
    assert plain.std(0).min() > 0.5


def test_the_mirrored_shape_is_that_of_the_mirrored_mesh() -> None:
    here = meshes(12)
    there = here[:, mirror_map().astype(int)] * np.array([-1, 1, 1], np.float32) + np.array([300, 0, 0], np.float32)
    both = np.concatenate([here, there]).astype(np.float32)
    plain, mirrored = shape_targets(both, np.ones(24, bool), matrices_from_meshes(both, EXPRESSION_CROP), size=3)
    np.testing.assert_allclose(mirrored[:12], plain[12:], atol=0.05)


def test_a_face_that_was_not_found_teaches_nothing() -> None:
    found = np.array([True] * 11 + [False])
    here = meshes(12)
    plain, mirrored = shape_targets(here, found, matrices_from_meshes(here, EXPRESSION_CROP), size=3)
    assert not plain[-1].any()
    assert not mirrored[-1].any()
