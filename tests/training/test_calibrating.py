"""Fitting of what makes probabilities honest: wrong here, every shipped probability misleads."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from mimika.stages.recognize.calibrate import softmax
from mimika.training.calibrating import fit, head_settings, limit
from mimika.training.calibration_page import updated
from mimika.training.evaluate_calibration import compare_forms, honesty, priors, unsureness


def drawn(n: int = 4000, temperature: float = 2.0, bias: tuple[float, ...] = (0.8, -0.5, -0.3)):
    """Return logits and truths drawn from what the logits mean under this temperature and bias."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 3, (n, len(bias)))
    shares = softmax(logits / temperature + np.array(bias))
    truth = (shares.cumsum(1) < rng.random((n, 1))).sum(1).clip(max=len(bias) - 1)
    return logits, truth.astype(np.int64)


def test_the_temperature_that_made_the_truth_is_found() -> None:
    logits, truth = drawn(bias=(0, 0, 0))
    assert fit(logits, truth) == pytest.approx(2.0, rel=0.06)


def test_the_limit_is_where_the_error_rises_above_the_level() -> None:
    confidence = np.repeat([0.95, 0.8, 0.6, 0.4], 100)
    wrong = np.concatenate([np.arange(100) < share for share in (5, 20, 35, 65)])
    assert limit(confidence, wrong, 0.4) == pytest.approx(0.6)
    assert limit(confidence, wrong, 0.7) == 0
    assert limit(confidence, np.ones(400, bool), 0.4) == 1


def test_settings_are_what_the_product_reads() -> None:
    logits, truth = drawn(bias=(0, 0, 0))
    truth[::10] = -1
    found = head_settings(logits, truth, np.array([0, 0, 1, -1, 2]))
    assert found["prior"] == [0.5, 0.25, 0.25]
    after = softmax(logits, found["temperature"])
    told = honesty(softmax(logits), after, truth)
    assert told["rows"] == (truth >= 0).sum()
    assert told["ece"] < 0.03 < told["ece_before"]
    surest = list(told["accuracy_of_most_confident"].values())
    assert surest == sorted(surest)
    unsure = unsureness(after, truth, found["unsure_below"])
    assert unsure["wrong_when_unsure"] > 0.4 > unsure["wrong_when_named"]


def test_forms_are_compared_on_rows_they_were_not_fitted_on() -> None:
    logits, truth = drawn(1500)
    found = compare_forms(logits, truth)
    loss = {form: value["loss"] for form, value in found.items()}
    assert loss["temperature and bias"] < loss["temperature"] < loss["none"]
    assert loss["matrix"] > loss["temperature and bias"] - 2e-3
    assert found["temperature"]["over_temperature"] == [0, 0]


def test_the_right_prior_helps_where_all_classes_are_equally_common() -> None:
    bias = tuple(np.log([0.4, 0.3, 0.1, 0.1, 0.04, 0.02, 0.02, 0.02]))
    logits, truth = drawn(6000, 1.0, bias)
    shares = np.bincount(truth, minlength=8) / len(truth)
    found = priors(softmax(logits + np.array(bias)), truth, shares)
    balanced = found["balanced"]
    assert balanced["uniform"]["accuracy"] > balanced["data"]["accuracy"] + 0.02
    assert balanced["estimate"]["accuracy"] > balanced["data"]["accuracy"] + 0.02
    assert found["as_they_are"]["data"]["accuracy"] >= found["as_they_are"]["uniform"]["accuracy"]


def test_only_what_stands_between_the_marks_of_the_page_is_replaced() -> None:
    logits, truth = drawn(800, 1.0, (0.0,) * 8)
    probabilities = softmax(logits)
    told = honesty(probabilities, probabilities, truth)
    sets = dict.fromkeys(("ferplus_clean", "ferplus_majority", "fer2013"), told)
    calibration = {"test": sets | {"unsure": unsureness(probabilities, truth, 0.5)}}
    prior = {"test": priors(probabilities, truth, np.full(8, 1 / 8))}
    page = "before\n<!-- measured: honesty -->\nold\n<!-- end of measured -->\nafter\n"
    new = updated(page, calibration, prior)
    assert new.startswith("before\n<!-- measured: honesty -->\n| test pictures |")
    assert new.endswith("<!-- end of measured -->\nafter\n")
    assert "old" not in new
    assert f"| {told['rows']} | {told['accuracy']:.1%} |" in new
    assert updated(new, calibration, prior) == new
