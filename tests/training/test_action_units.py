"""How faces with known units are made: a wrong truth here would be learnt faithfully."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS
from mimika.stages.faces.align import mean_face, mirror_map
from mimika.stages.measure.action_units import displacements
from mimika.training.action_units import hinted
from mimika.training.action_units_data import (
    UNITS,
    UnitFaces,
    draw_units,
    lip_gap,
    noisy,
    photographed,
    residuals,
    with_lips,
)
from mimika.training.action_units_fit import Lesson, Schedule, changed_lesson, fit, shape_lesson
from mimika.training.action_units_weak import HINTED, balance, hinted_units
from mimika.training.evaluate_action_units import agreement, area

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "face_model"
BASIS = displacements().astype(np.float64)


def test_drawn_units_are_possible_together():
    units = draw_units(np.random.default_rng(0), 800)
    assert ((units >= 0) & (units <= 5)).all()
    whole = [row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS]
    np.testing.assert_array_equal(units[:, whole, 0], units[:, whole, 1])
    active = units.max(axis=2) > 0
    assert not (active[:, UNITS["AU43"]] & active[:, UNITS["AU5"]]).any()
    assert (units[active[:, UNITS["AU27"]], UNITS["AU26"]] == 5).all()
    one_sided = (units.min(axis=2) == 0) & active
    assert one_sided.sum() > 50
    assert not active.any(axis=1).all()


def test_lips_never_cross_and_unit_25_is_how_far_they_are_apart():
    calm = mean_face().astype(np.float64)[None]
    rows = np.zeros((1, 23, 2))
    rows[0, UNITS["AU25"]] = 3
    low = BASIS[UNITS["AU25"]].sum(axis=0)
    for share in (-1.5, 0.0, 1.5):
        shape, units = with_lips(calm + share * low, rows, BASIS)
        gap = np.mean([shape[0, b, 1] - shape[0, a, 1] for a, b in ((13, 14), (82, 87), (312, 317))])
        assert gap > 0
        assert units[0, UNITS["AU25"], 0] == pytest.approx(5 * min(gap / 0.25, 1), abs=0.15)


def test_lips_that_are_apart_are_known_to_be_whatever_the_expression():
    calm, low = mean_face().astype(np.float64), BASIS[UNITS["AU25"]].sum(axis=0)
    gaps = np.array([0.01, 0.16, 0.16])
    shapes = calm + ((gaps - lip_gap(calm[None])) / lip_gap(low[None]))[:, None, None] * low
    meshes = (80 * shapes + [200, 200, 0]).astype(np.float32)
    votes = 10 * np.eye(len(FERPLUS))[[FERPLUS.index(name) for name in ("happiness", "sadness", "surprise")]]
    shares, known = hinted(meshes, votes)
    lips, jaw = UNITS["AU25"], UNITS["AU26"]
    np.testing.assert_allclose(shares[:, lips], gaps / 0.25, atol=0.02)
    assert known[:, lips].all()
    assert known[:, jaw].tolist() == [1, 0, 1]
    assert shares[2, jaw] > 0.5
    assert not known[:, UNITS["AU28"]].any()


def test_noise_is_taken_off_one_face_and_put_on_another_at_its_own_size_and_turn():
    rng = np.random.default_rng(3)
    teacher = photographed(np.repeat(mean_face().astype(np.float64)[None], 6, axis=0), rng)
    wrong = rng.normal(0, 0.02, (1, 478, 3))
    wrong -= wrong.mean(axis=1, keepdims=True)
    bank = residuals(noisy(teacher, wrong, rng), teacher)
    np.testing.assert_allclose(bank, np.repeat(wrong, 6, axis=0), atol=1e-6)


def test_votes_hint_at_the_units_of_their_prototypes():
    votes = np.eye(8) * 10
    shares = hinted_units(votes)
    happy, surprised = FERPLUS.index("happiness"), FERPLUS.index("surprise")
    assert ACTION_UNITS[int(shares[happy].argmax())] == "AU12"
    assert {ACTION_UNITS[row] for row in np.flatnonzero(shares[surprised] > 0.6)} >= {"AU1", "AU2", "AU5", "AU26"}
    assert shares[FERPLUS.index("neutral")].max() == 0
    assert "AU28" not in HINTED
    weights = balance(np.repeat(votes, [90, 1, 1, 1, 1, 1, 1, 1], axis=0))
    assert weights[-1] > 10 * weights[0]


def some_faces(rng, count):
    calm = photographed(np.repeat(mean_face().astype(np.float64)[None], count, axis=0), rng).astype(np.float32)
    units = rng.uniform(0, 5, (count, 23, 2)).astype(np.float32)
    return UnitFaces(calm + rng.normal(0, 0.5, calm.shape).astype(np.float32), calm, units)


def test_lessons_are_joined_by_their_shares_even_where_these_are_alike():
    rng = np.random.default_rng(1)
    few, many = (shape_lesson(faces.meshes, faces.neutrals, faces.intensities, True) for faces in (
        some_faces(rng, 2), some_faces(rng, 6)
    ))  # fmt: skip
    both = Lesson.join((0.5, few), (0.5, many))
    assert len(both.inputs) == len(both.targets) == 2 * 8
    assert both.weights[:4].sum() == pytest.approx(0.5)
    assert both.weights[4:].sum() == pytest.approx(0.5)


def test_a_face_against_its_neutral_is_learnt_by_shape_and_by_how_it_changed():
    rng = np.random.default_rng(2)
    faces, shares = some_faces(rng, 3), rng.random((3, 23, 2)).astype(np.float32)
    plain = shape_lesson(faces.meshes, faces.neutrals, faces.intensities, True)
    lesson = changed_lesson(faces, shares)
    changed = lesson.inputs[:, plain.inputs.shape[1] :]
    np.testing.assert_array_equal(changed[:3].reshape(shares.shape), shares)
    np.testing.assert_array_equal(changed[3:].reshape(shares.shape), shares[..., ::-1])
    np.testing.assert_array_equal(lesson.targets[3:].reshape(3, 23, 2), faces.intensities[..., ::-1])


def test_a_regressor_that_is_exported_answers_as_it_learnt():
    rng = np.random.default_rng(3)
    inputs = rng.normal(2, 3, (400, 5)).astype(np.float32)
    lesson = Lesson(inputs, inputs[:, :2] - 1, np.ones((400, 2), np.float32), np.ones(400, np.float32))
    layers = fit(lesson, Schedule(steps=400, hidden=(16,), rate=1e-2, drop=0.0), shares=False)
    answers = np.maximum(inputs @ layers["w0"] + layers["b0"], 0) @ layers["w1"] + layers["b1"]
    assert np.abs(answers - lesson.targets).mean() < 0.3


def test_agreement_and_area_of_known_values():
    truth = np.random.default_rng(0).random((50, 23, 2)).astype(np.float32)
    assert agreement(truth, truth)["mean"] == 1
    assert agreement(truth, truth)["left_minus_right"] == 1
    assert area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert area(np.array([1.0, 1.0]), np.array([False, True])) == 0.5


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the morphable face")
def test_the_morphable_face_has_our_points_where_they_belong():
    from mimika.training.faces_model import load_face_model

    model = load_face_model(DATA)
    assert model.neutral.shape == (478, 3)
    assert model.distance < 0.04
    np.testing.assert_allclose(model.neutral[mirror_map()] * [-1, 1, 1], model.neutral, atol=0.03)
    blink, smile = model.movement("eyeBlink_L"), model.movement("mouthSmile_L")
    assert blink[386, 1] > 0.1 > abs(blink[159, 1])
    assert smile[291, 1] < -0.1 < smile[61, 1]
    jaw = model.movement("jawOpen")
    assert jaw[14, 1] - jaw[13, 1] > 0.4
