"""A second reader whose accuracy is known, made from the truth: what a router gains can be measured without paying.

It stands in for a cloud model in measurements of the router, nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS

_RIGHT, _WRONG = (8.0, 2.0), (5.0, 3.0)
"""Beta distributions of how sure it says it is: too sure when it is wrong, as such models are, yet a little less so."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """Names the right expression with probability `accuracy`, 0..1, over all faces together.

    `hard` 0: wherever the face. `hard` 1: only as often as so many of the voters disagree would let it, that is, what
    is hard for people is hard for it; in between, a mixture. `seed` makes it answer the same again.
    """

    accuracy: float
    hard: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0.125 <= self.accuracy <= 1 and 0 <= self.hard <= 1):
            raise OptionError("oracle: expected an accuracy 0.125..1 and a hardness 0..1")

    def answers(self, truth: NDArray[np.int64], votes: Floats) -> NDArray[np.float32]:
        """Return (n, 8) probabilities for faces of (n,) `truth` with (n, 8) `votes` of people."""
        chance = np.random.default_rng(self.seed)
        n, k = len(truth), len(FERPLUS)
        wrong = chance.random(n) < self._error(truth, votes)
        label = np.where(wrong, self._mistakes(truth, votes, chance), truth)
        sure = np.where(wrong, chance.beta(*_WRONG, n), chance.beta(*_RIGHT, n)) * (1 - 1 / k) + 1 / k
        rest = chance.dirichlet(np.ones(k), n)
        rest[np.arange(n), label] = 0
        rest *= ((1 - sure) / rest.sum(axis=1))[:, None]
        rest[np.arange(n), label] = sure
        return rest.astype(np.float32)

    def _error(self, truth: NDArray[np.int64], votes: Floats) -> NDArray[np.float64]:
        """Return the (n,) probability of a mistake, whose mean is 1 - accuracy."""
        shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)
        doubt = 1 - shares[np.arange(len(truth)), truth]
        mixed = (1 - self.hard) + self.hard * doubt / max(float(doubt.mean()), 1e-9)
        wanted, scale = 1 - self.accuracy, 1 - self.accuracy
        # Probabilities end at 1, so the scale that gives the wanted mean is found by bisection.
        low, high = 0.0, 1e3
        for _ in range(60):
            scale = (low + high) / 2
            low, high = (scale, high) if np.minimum(scale * mixed, 1).mean() < wanted else (low, scale)
        return np.asarray(np.minimum(scale * mixed, 1), np.float64)

    @staticmethod
    def _mistakes(truth: NDArray[np.int64], votes: Floats, chance: np.random.Generator) -> NDArray[np.int64]:
        """Return (n,) wrong labels: what some voters said, and sometimes anything."""
        weights = votes.astype(np.float64) + 0.3
        weights[np.arange(len(truth)), truth] = 0
        ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
        return np.asarray((chance.random((len(truth), 1)) > ends).sum(axis=1).clip(0, len(FERPLUS) - 1), np.int64)
