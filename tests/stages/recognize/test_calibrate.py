"""Calibration from the card: a value misread there makes every probability dishonest, silently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import ModelError
from mimika.engine.card import Card
from mimika.engine.registry import card as shipped
from mimika.stages.recognize.calibrate import Calibration, softmax
from tests.networks import doubling


def card(folder: Path, settings: str) -> Card:
    return Card.load(doubling(folder, settings))


def test_logits_are_divided_by_the_temperature_then_shifted_by_the_bias(tmp_path: Path) -> None:
    found = Calibration.of(card(tmp_path, "temperature = 2.0\nbias = [0.0, 1, -1.0]"), 3)
    logits = np.array([[4.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(found.probabilities(logits), softmax(np.array([[2.0, 2.0, -1.0], [0.0, 1.0, -1.0]])))


def test_the_seven_class_head_has_its_own_values(tmp_path: Path) -> None:
    text = "temperature = 2.0\ntemperature7 = 0.5\nbias7 = [0, 1]\nprior7 = [0.25, 0.75]"
    eight, seven = (Calibration.of(card(tmp_path, text), 2, head) for head in ("", "7"))
    assert (eight.temperature, seven.temperature) == (2.0, 0.5)
    assert eight.bias.tolist() == [0, 0]
    assert seven.bias.tolist() == [0, 1]
    assert eight.prior is None
    assert seven.prior is not None
    assert seven.prior.tolist() == [0.25, 0.75]


def test_a_card_without_calibration_gives_the_plain_softmax(tmp_path: Path) -> None:
    logits = np.array([[1.0, 3.0]])
    np.testing.assert_allclose(Calibration.of(card(tmp_path, ""), 2).probabilities(logits), softmax(logits))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("bias = [1.0]", r"double.toml: settings.bias must be 2 numbers, not \[1.0\]"),
        ('prior = ["a", "b"]', "settings.prior must be 2 numbers"),
        ("prior = 0.5", "settings.prior must be 2 numbers"),
        ("prior = [-0.1, 1.1]", "settings.prior must be shares, 0 or more"),
        ("temperature = 0", "settings.temperature must be above 0"),
    ],
)
def test_a_card_with_nonsense_is_refused_by_name(tmp_path: Path, settings: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        Calibration.of(card(tmp_path, settings), 2)


def test_the_shipped_network_is_calibrated_and_says_how_common_its_classes_were() -> None:
    own = shipped("expression")
    for classes, head in ((8, ""), (7, "7")):
        found = Calibration.of(own, classes, head)
        assert found.temperature != 1
        assert found.prior is not None
        assert found.prior.sum() == pytest.approx(1, abs=1e-3)
    assert 0.3 < own.setting("unsure_below", 0) < 0.8


def test_huge_logits_do_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0], [-1e4, 0.0]])), [[1, 0], [0, 1]])
    assert softmax(np.zeros((0, 8))).shape == (0, 8)
