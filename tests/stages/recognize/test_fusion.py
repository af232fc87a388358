"""Two opinions would be mixed worse than the better of them, or weights would not come back as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.evaluation.escalation import curve, line_of
from mimika.evaluation.oracle import Oracle
from mimika.stages.recognize.fusion import Fusion, fit


def made(n: int = 1500, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return local probabilities that mean what they say, the truth, and votes of ten people."""
    chance = np.random.default_rng(seed)
    sureness = chance.choice([0.35, 0.6, 0.95], n, p=[0.2, 0.2, 0.6])
    guess = chance.integers(0, 8, n)
    local = np.repeat(((1 - sureness) / 7)[:, None], 8, axis=1)
    local[np.arange(n), guess] = sureness
    truth = np.array([chance.choice(8, p=row / row.sum()) for row in local])
    votes = np.array(
        [
            chance.multinomial(10, 0.6 * row / row.sum() + 0.4 * np.eye(8)[y])
            for row, y in zip(local, truth, strict=True)
        ]
    )
    return local.astype(np.float32), truth, votes.astype(float)


def test_fitted_weights_trust_the_better_witness_more() -> None:
    local, truth, votes = made()
    weak = fit(local, Oracle(0.5, seed=1).answers(truth, votes), truth)
    strong = fit(local, Oracle(0.95, seed=1).answers(truth, votes), truth)
    assert strong.cloud > 2 * weak.cloud > 0
    assert weak.local == pytest.approx(1, abs=0.15), "calibrated probabilities keep their weight"


@pytest.mark.parametrize(("accuracy", "hard"), [(0.95, 0.0), (0.85, 0.0), (0.9, 1.0), (0.7, 0.5)])
def test_asking_about_the_least_certain_beats_asking_by_lot(accuracy: float, hard: float) -> None:
    local, truth, votes = made()
    cloud = Oracle(accuracy, hard, seed=2).answers(truth, votes)
    fitting, held = np.arange(len(truth)) % 2 == 0, np.arange(len(truth)) % 2 == 1
    fusion = fit(local[fitting], cloud[fitting], truth[fitting])
    points = curve(local[held], cloud[held], truth[held], fusion, np.full(int(held.sum()), 1e-4))
    top1 = np.array([point.top1 for point in points])
    only_cloud = float((cloud[held].argmax(axis=1) == truth[held]).mean())
    assert (top1 >= line_of(points, only_cloud) - 0.005).all()
    at_20 = next(point.top1 for point in points if point.share == 0.2)
    assert at_20 - top1[0] >= 0.5 * (top1[-1] - top1[0]) > 0
    assert [point.cost_per_1000_usd for point in points] == sorted(point.cost_per_1000_usd for point in points)


def test_the_oracle_is_as_right_as_it_says() -> None:
    _, truth, votes = made(4000)
    for hard in (0.0, 1.0):
        said = Oracle(0.8, hard, seed=5).answers(truth, votes)
        assert (said.argmax(axis=1) == truth).mean() == pytest.approx(0.8, abs=0.02)
        assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_face_without_an_answer_keeps_the_local_one() -> None:
    local, truth, _ = made(200)
    points = curve(local, np.zeros_like(local), truth, Fusion(), np.zeros(200))
    assert {point.top1 for point in points} == {points[0].top1}


def test_one_sure_mistake_does_not_outvote_everything() -> None:
    sure = np.full((1, 8), 0.001, np.float32)
    sure[0, 1] = 0.993
    wrong = np.zeros((1, 8), np.float32)
    wrong[0, 4] = 1
    fused = Fusion(1.0, 0.6)(sure, wrong)
    assert FERPLUS[int(fused[0].argmax())] == "happiness"
    assert fused.sum() == pytest.approx(1)


def test_weights_are_read_back(tmp_path: Path) -> None:
    weights = Fusion(0.8, 0.7, np.linspace(-1, 1, 8))
    file = tmp_path / "weights.toml"
    file.write_text(weights.as_toml("fitted on 500 faces"))
    known = Fusion.read(file)
    assert (known.local, known.cloud) == (0.8, 0.7)
    assert known.bias == pytest.approx(weights.bias, abs=1e-4)
    file.write_text("local = 'much'")
    with pytest.raises(OptionError, match=r"weights\.toml: no weights"):
        Fusion.read(file)
    with pytest.raises(OptionError, match="at least 30"):
        fit(np.ones((5, 8)) / 8, np.ones((5, 8)) / 8, np.zeros(5, np.int64))
