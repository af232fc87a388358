"""Making probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import ModelError
from mimika.data.geometry import Floats
from mimika.engine.card import Card

UNSURE_LEVEL = 0.4
"""A face is "unsure" when more than this share of the faces with its probability are read wrongly."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the k logits of a network become probabilities that mean what they say.

    `temperature` divides the logits, `bias` (k,) is added afterwards; `prior` (k,) are the shares of the classes in the
    training data, or None where the card does not tell them. All three come from the card's [settings], in the order of
    the card's labels.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017, for the temperature; Alexandari, Kundaje,
    Shrikumar, "Maximum likelihood with bias-corrected calibration is hard-to-beat at label shift adaptation", ICML
    2020, for the bias.
    """

    temperature: float
    bias: NDArray[np.float64]
    prior: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, card: Card, classes: int, head: str = "") -> Self:
        """Read the calibration of a network's `classes` logits from its card; `head` "7" is the seven-class view.

        Raises:
            ModelError: if a value on the card is not a number, or not `classes` numbers.
        """
        bias, prior = (_numbers(card, f"{name}{head}", classes) for name in ("bias", "prior"))
        temperature = card.setting(f"temperature{head}", 1.0)
        if temperature <= 0:
            raise ModelError(f"{_toml(card)}: settings.temperature{head} must be above 0, not {temperature}")
        if prior is not None and (prior.min() < 0 or prior.sum() <= 0):
            raise ModelError(f"{_toml(card)}: settings.prior{head} must be shares, 0 or more, not {prior.tolist()}")
        return cls(temperature, np.zeros(classes) if bias is None else bias, prior)

    def probabilities(self, logits: Floats) -> NDArray[np.float32]:
        """Turn (n, k) logits into (n, k) calibrated probabilities whose rows sum to 1."""
        return softmax(np.asarray(logits, np.float64) / self.temperature + self.bias)


def softmax(logits: Floats, temperature: float = 1.0) -> NDArray[np.float32]:
    """Turn (n, k) logits into (n, k) probabilities whose rows sum to 1; a temperature above 1 makes them less sure."""
    scaled = np.asarray(logits, np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def _numbers(card: Card, name: str, classes: int) -> NDArray[np.float64] | None:
    """Return a list of `classes` numbers from the card's settings, None where there is none."""
    values = card.settings.get(name)
    if values is None:
        return None
    wrong = not isinstance(values, list) or len(values) != classes
    if wrong or any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise ModelError(f"{_toml(card)}: settings.{name} must be {classes} numbers, not {values!r}")
    return np.array(values, np.float64)


def _toml(card: Card) -> str:
    return str(card.path.with_suffix(".toml"))
