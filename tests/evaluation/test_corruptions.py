"""If these fail, a corruption table compares models on different pictures, or says one thing and does another."""

from __future__ import annotations

import builders
import numpy as np
import pytest

from mimika.evaluation.corruptions import CORRUPTIONS, EYES, MOUTH, Place

BY_KEY = {one.key: one for one in CORRUPTIONS}
SIDE = 96


@pytest.fixture(scope="module")
def face():
    """A textured picture, and a face in its middle."""
    rng = np.random.default_rng(1)
    picture = np.kron(rng.integers(40, 200, (12, 12)), np.ones((8, 8))).astype(np.uint8)
    mesh = builders.mean_mesh()[:, :2] * SIDE * 0.36 + SIDE / 2
    return picture, Place(float(SIDE), mesh.astype(np.float32), True)


@pytest.mark.parametrize("key", BY_KEY)
def test_the_same_picture_suffers_the_same_every_time(face, key):
    picture, place = face
    before = picture.copy()
    first, again = BY_KEY[key](picture, place, 7), BY_KEY[key](picture, place, 7)
    assert np.array_equal(first, again)
    assert np.array_equal(picture, before)
    assert not np.array_equal(first, picture)
    assert first.dtype == np.uint8


def test_chance_differs_between_pictures(face):
    picture, place = face
    turned = {BY_KEY["rotation"](picture, place, number).tobytes() for number in range(12)}
    moved = {BY_KEY["frame-off"](picture, place, number).tobytes() for number in range(30)}
    assert (len(turned), len(moved)) == (2, 4)


def test_a_face_of_24_px_has_24_px_in_a_crop_and_in_a_photo(face):
    picture, place = face
    assert BY_KEY["side-24"](picture, place, 0).shape == (24, 24)
    photo = Place(48.0, place.mesh, False)
    assert BY_KEY["side-24"](picture, photo, 0).shape == (48, 48)


def test_a_smaller_face_is_not_enlarged(face):
    small = face[0][:40, :40]
    assert np.array_equal(BY_KEY["side-48"](small, Place(40.0, face[1].mesh, True), 0), small)


@pytest.mark.parametrize(("key", "hidden", "seen"), [("eyes", EYES, MOUTH), ("mouth", MOUTH, EYES)])
def test_a_cover_hides_its_part_and_leaves_the_other(face, key, hidden, seen):
    picture, place = face
    covered = BY_KEY[key](picture, place, 0)
    changed = covered != picture
    x, y = place.mesh[list(hidden)].round().astype(int).T
    assert len(set(covered[y, x])) == 1
    x, y = place.mesh[list(seen)].mean(0).round().astype(int)
    assert not changed[y - 3 : y + 4, x - 3 : x + 4].any()
    assert 0.05 < changed.mean() < 0.4


def test_a_cover_follows_a_tilted_face(face):
    picture, place = face
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    tilted = Place(place.side, ((place.mesh - SIDE / 2) @ turn + SIDE / 2).astype(np.float32), True)
    covered = BY_KEY["eyes"](picture, tilted, 0)
    x, y = tilted.mesh[list(EYES)].round().astype(int).T
    assert len(set(covered[y, x])) == 1
    assert (covered != picture).mean() == pytest.approx((BY_KEY["eyes"](picture, place, 0) != picture).mean(), rel=0.15)


def test_the_frame_moves_by_a_tenth(face):
    picture, place = face
    moved = BY_KEY["frame-off"](picture, place, 0).astype(int)
    step = round(0.1 * SIDE)
    inner = slice(20, 76)
    shifts = [(step, 0), (-step, 0), (0, step), (0, -step)]
    errors = [np.abs(np.roll(picture.astype(int), shift, (0, 1)) - moved)[inner, inner].mean() for shift in shifts]
    assert min(errors) < 12
    assert sorted(errors)[1] > 25
