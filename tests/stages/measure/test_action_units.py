"""Action units: a smile on the wrong side, or one that a turned head brings about, would spoil every study."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes, mean_face, mirror_map
from mimika.stages.measure.action_units import ActionUnits, displacements, triangles
from mimika.stages.measure.pose import angles_of, fit_mean_face, rotation_of

MEASURE = ActionUnits()
LEVEL = np.zeros((1, 3), np.float32)
LEFT, RIGHT = 0, 1
SEEN_BY_SHAPE = (
    "AU1",
    "AU2",
    "AU4",
    "AU6",
    "AU9",
    "AU10",
    "AU12",
    "AU14",
    "AU15",
    "AU17",
    "AU18",
    "AU20",
    "AU26",
    "AU28",
)


def posed(mesh, pitch=0.0, yaw=0.0, roll=0.0):
    return (80 * mesh @ rotation_of(pitch, yaw, roll).T + [300, 200, 0])[None].astype(np.float32)


def moved(unit, sides=(LEFT, RIGHT), intensity=4.0):
    """Return the mean face with one unit acting."""
    row = ACTION_UNITS.index(unit)
    return mean_face() + intensity / 5 * displacements()[row, list(sides)].sum(axis=0)


def some_portraits(rng, count):
    """Return two sets of (count, 96, 96) pictures with nothing on them in particular."""
    noise = rng.normal(128, 3000, (2, count, 96, 96))
    for picture in noise.reshape(-1, 96, 96):
        picture[:] = cv2.GaussianBlur(picture, (0, 0), 6)
    return np.clip(noise, 1, 255).astype(np.uint8)


def some_cuts(rng, count):
    """Return (count, 64, 64) crops with nothing on them in particular."""
    return rng.integers(0, 255, (count, 64, 64)).astype(np.uint8)


def against_neutral(mesh):
    return MEASURE.measure(posed(mesh), LEVEL, posed(mean_face()))[0]


@pytest.mark.parametrize("unit", SEEN_BY_SHAPE)
def test_a_unit_that_acts_rises_more_than_all_others(unit):
    rise = (against_neutral(moved(unit)) - against_neutral(mean_face())).mean(axis=1)
    assert ACTION_UNITS[int(rise.argmax())] in {unit, "AU25"}
    assert rise[ACTION_UNITS.index(unit)] > 0.7


@pytest.mark.parametrize("unit", ["AU2", "AU10", "AU12"])
@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_unit_of_one_side_is_seen_on_that_side(unit, side):
    row = ACTION_UNITS.index(unit)
    rise = against_neutral(moved(unit, [side]))[row] - against_neutral(mean_face())[row]
    assert rise[side] > 1.5 * max(rise[1 - side], 0.3)


def test_the_mirror_picture_has_its_sides_swapped_and_nothing_else():
    mesh = moved("AU12", [LEFT]) + moved("AU1", [RIGHT]) - mean_face()
    plain = MEASURE.measure(posed(mesh, 5, 12, 0), np.array([[5, 12, 0]]))
    mirrored = posed(mesh[mirror_map()] * [-1, 1, 1], 5, -12, 0)
    swapped = MEASURE.measure(mirrored, np.array([[5, -12, 0]]))
    np.testing.assert_allclose(swapped, plain[..., ::-1], atol=0.02)


@pytest.mark.parametrize("turn", [(0, 30, 0), (15, -20, 0), (0, 0, 60)])
def test_the_pose_free_shape_knows_no_pose(turn):
    level = MEASURE.neutral_shape(posed(mean_face()), LEVEL)
    turned = MEASURE.neutral_shape(posed(mean_face(), *turn), np.array([turn]))
    assert level.shape == (1, 468, 3)
    np.testing.assert_allclose(turned, level, atol=1e-3)


def test_a_neutral_may_be_a_mesh_or_its_shape_and_an_unknown_one_changes_nothing():
    meshes = np.concatenate([posed(moved("AU12")), posed(moved("AU4"))])
    angles, neutrals = np.zeros((2, 3)), np.repeat(posed(mean_face()), 2, axis=0)
    shapes = MEASURE.neutral_shape(neutrals, angles)
    both = MEASURE.measure(meshes, angles, neutrals)
    np.testing.assert_allclose(MEASURE.measure(meshes, angles, shapes), both, atol=1e-4)
    shapes[1] = np.nan
    mixed = MEASURE.measure(meshes, angles, shapes)
    np.testing.assert_allclose(mixed[0], both[0], atol=1e-4)
    np.testing.assert_allclose(mixed[1], MEASURE.measure(meshes, angles)[1], atol=1e-4)


def test_what_was_measured_with_the_picture_stands_in_for_it():
    luma = np.random.default_rng(0).integers(0, 255, (400, 600)).astype(np.uint8)
    mesh, neutral = posed(moved("AU12")), posed(mean_face())
    units = MEASURE.measure(mesh, LEVEL, luma=luma)
    later = MEASURE.measure(mesh, LEVEL, neutral, units=units)
    np.testing.assert_allclose(later, MEASURE.measure(mesh, LEVEL, neutral, luma=luma), atol=1e-4)


def test_a_face_that_was_cut_out_and_fitted_before_is_measured_alike():
    luma = np.random.default_rng(0).integers(0, 255, (400, 600)).astype(np.uint8)
    mesh = posed(moved("AU12"), 3, 8, 4)
    cut = crop(luma, matrices_from_meshes(mesh, EXPRESSION_CROP)[0], EXPRESSION_CROP)
    angles = angles_of(fit_mean_face(mesh)[0])
    known = MEASURE.measure(mesh, angles, cuts=cut[None].astype(np.float32), fit=fit_mean_face(mesh))
    np.testing.assert_allclose(known, MEASURE.measure(mesh, angles, luma=luma), atol=1e-4)


def test_how_the_neutral_looked_counts_where_it_is_known():
    rng = np.random.default_rng(2)
    meshes = np.repeat(posed(moved("AU12")), 3, axis=0)
    neutrals, angles = np.repeat(posed(mean_face()), 3, axis=0), np.zeros((3, 3))
    cuts, (now, calm) = some_cuts(rng, 3), some_portraits(rng, 3)
    by_shape = MEASURE.measure(meshes, angles, neutrals, cuts=cuts)
    calm[1] = 0
    both = MEASURE.measure(meshes, angles, neutrals, cuts=cuts, portraits=now, calm_portraits=calm)
    np.testing.assert_allclose(both[1], by_shape[1], atol=1e-4)
    assert np.abs(both[[0, 2]] - by_shape[[0, 2]]).max() > 0.1
    none = MEASURE.measure(meshes, angles, neutrals, cuts=cuts, portraits=0 * now, calm_portraits=0 * calm)
    np.testing.assert_allclose(none, by_shape, atol=1e-6)
    units = MEASURE.measure(meshes, angles, cuts=cuts)
    later = MEASURE.measure(meshes, angles, neutrals, units, portraits=now, calm_portraits=calm)
    np.testing.assert_allclose(later, both, atol=1e-4)


def test_a_mirrored_face_and_neutral_have_their_sides_swapped():
    rng = np.random.default_rng(3)
    cuts, (now, calm) = some_cuts(rng, 1), some_portraits(rng, 1)
    mesh, neutral = posed(moved("AU2", [LEFT])), posed(mean_face())
    plain = MEASURE.measure(mesh, LEVEL, neutral, cuts=cuts, portraits=now, calm_portraits=calm)
    turned = [each[:, mirror_map()] * [-1, 1, 1] + [600, 0, 0] for each in (mesh, neutral)]
    pictures = {"portraits": now[..., ::-1], "calm_portraits": calm[..., ::-1]}
    other = MEASURE.measure(turned[0], LEVEL, turned[1], cuts=cuts[..., ::-1], **pictures)
    np.testing.assert_allclose(other, plain[..., ::-1], atol=0.05)


def test_a_mirrored_picture_with_its_skin_has_its_sides_swapped():
    noise = np.random.default_rng(0).normal(128, 4000, (400, 600))
    luma = np.clip(cv2.GaussianBlur(noise, (0, 0), 12), 0, 255).astype(np.uint8)
    mesh = posed(moved("AU12", [LEFT]))
    swapped = mesh[:, mirror_map()] * [-1, 1, 1] + [599, 0, 0]
    plain = MEASURE.measure(mesh, LEVEL, luma=luma)
    other = MEASURE.measure(swapped, LEVEL, luma=np.ascontiguousarray(luma[:, ::-1]))
    # The crop is cut to the pixel, so that its mirror picture lies up to one further to the side.
    assert np.abs(other - plain[..., ::-1]).mean() < 0.25 * np.abs(other - plain).mean()


def test_values_stay_within_0_and_5_and_units_without_sides_are_alike():
    rng = np.random.default_rng(1)
    meshes = np.concatenate([posed(mean_face() + rng.normal(0, 0.08, (478, 3))) for _ in range(5)])
    units = MEASURE.measure(meshes, np.zeros((5, 3)), luma=rng.integers(0, 255, (400, 600)).astype(np.uint8))
    assert units.shape == (5, 23, 2)
    assert ((units >= 0) & (units <= 5)).all()
    whole = [row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS]
    np.testing.assert_array_equal(units[:, whole, 0], units[:, whole, 1])


def test_shut_lids_are_unit_43():
    mesh = mean_face().astype(np.float64)
    for up, low in zip((398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249), strict=True):
        mesh[up] = mesh[low]
    shut = MEASURE.measure(posed(mesh), LEVEL)[0, ACTION_UNITS.index("AU43")]
    assert shut[LEFT] == 5
    assert shut[RIGHT] < 1


def test_no_face_gives_no_units():
    empty = MEASURE.measure(np.zeros((0, 478, 3)), np.zeros((0, 3)), luma=np.zeros((9, 9), np.uint8))
    assert empty.shape == (0, 23, 2)


def test_displacements_are_mirror_pictures_and_triangles_name_points():
    basis = displacements()
    mirrored = basis[:, LEFT][:, mirror_map()] * np.array([-1, 1, 1])
    np.testing.assert_allclose(
        mirrored[[ACTION_UNITS.index(unit) for unit in SIDED_UNITS]],
        basis[[ACTION_UNITS.index(unit) for unit in SIDED_UNITS], RIGHT],
        atol=2e-3,
    )
    assert triangles().shape == (898, 3)
    assert triangles().max() < 468


def test_the_shipped_arrays_are_those_on_their_card():
    folder = Path(str(resources.files("mimika.models")))
    card = tomllib.loads((folder / "action_units.toml").read_text("utf-8"))
    assert hashlib.sha256((folder / "action_units.npz").read_bytes()).hexdigest() == card["sha256"]
    assert tuple(card["labels"]) == ACTION_UNITS
    assert "MIT" in card["licence"]
