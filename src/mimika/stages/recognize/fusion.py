"""Two opinions become one: a weighted sum of log-probabilities, with weights fitted where the truth is known."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS

_FLOOR = 1e-3
"""No opinion counts as more certain than this, so that one confident mistake cannot outvote everything."""
_STEPS = 50
_RIDGE = 1e-3


def _zeros() -> NDArray[np.float64]:
    return np.zeros(len(FERPLUS))


@dataclass(frozen=True, slots=True)
class Fusion:
    """p(y) is proportional to p_local(y)^local · p_cloud(y)^cloud · exp(bias(y)).

    With weights of 1 and no bias this is Bayes for two independent witnesses and even shares; fitted weights take
    their calibration and their common mistakes into account. The defaults were fitted with a simulated second model
    of known accuracy (docs/results/second_opinion.json); fit your own where you have labelled faces.

    Source: Genest, Zidek, "Combining probability distributions: a critique and an annotated bibliography", Statistical
    Science 1, 1986 (logarithmic opinion pool).
    """

    local: float = 1.0
    cloud: float = 0.6
    bias: NDArray[np.float64] = field(default_factory=_zeros)

    def __call__(self, local: Floats, cloud: Floats) -> NDArray[np.float32]:
        """Return the (n, 8) fused probabilities of (n, 8) local and (n, 8) cloud ones."""
        scores = self.local * _logs(local) + self.cloud * _logs(cloud) + self.bias
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the weights that `as_toml` wrote.

        Raises:
            OptionError: if they are not there or not what they should be.
        """
        try:
            value = tomllib.loads(file.read_text("utf-8"))
            bias = np.array([float(value["bias"][name]) for name in FERPLUS])
            weights = cls(float(value["local"]), float(value["cloud"]), bias)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise OptionError(f"{file}: no weights of a fusion can be read from it ({error})") from error
        if not (0 <= weights.local <= 10 and 0 <= weights.cloud <= 10 and np.abs(bias).max() <= 10):
            raise OptionError(f"{file}: expected weights 0..10 and a bias -10..10")
        return weights

    def as_toml(self, note: str = "") -> str:
        """Return the weights as a TOML file."""
        lines = [f"# {note}"] if note else []
        lines += [f"local = {self.local:.4f}", f"cloud = {self.cloud:.4f}", "", "[bias]"]
        lines += [f"{name} = {value:.4f}" for name, value in zip(FERPLUS, self.bias, strict=True)]
        return "\n".join(lines) + "\n"


def fit(local: Floats, cloud: Floats, truth: NDArray[np.int64], *, biased: bool = False) -> Fusion:
    """Return the weights that make (n,) `truth`, places in `labels.FERPLUS`, most likely on labelled faces.

    `local` and `cloud` (n, 8). Newton's method on the mean log-likelihood with a small ridge towards 0; the two
    weights stay at 0 or above. `biased` fits a bias for each class too, for which some hundred faces are needed.

    Raises:
        OptionError: if there are fewer than 30 faces.
    """
    if len(truth) < 30:
        raise OptionError(f"fusion: expected at least 30 labelled faces, received {len(truth)}")
    k = len(FERPLUS)
    parts = [_logs(local)[:, None], _logs(cloud)[:, None]]
    if biased:
        parts.append(np.broadcast_to(np.eye(k), (len(truth), k, k)))
    features = np.concatenate(parts, axis=1)  # (n, parameters, classes)
    weights = np.zeros(features.shape[1])
    weights[:2] = 0.5
    told = features[np.arange(len(truth)), :, truth].mean(axis=0)
    for _ in range(_STEPS):
        scores = np.einsum("p,npk->nk", weights, features)
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        expected = np.einsum("nk,npk->np", chance, features)
        slope = told - expected.mean(axis=0) - _RIDGE * weights
        spread = np.einsum("nk,npk,nqk->pq", chance, features, features) / len(truth)
        curve = spread - expected.T @ expected / len(truth) + _RIDGE * np.eye(len(weights))
        step = np.linalg.solve(curve, slope)
        weights = weights + np.clip(step, -1, 1)
        weights[:2] = np.maximum(weights[:2], 0)
        if np.abs(step).max() < 1e-6:
            break
    bias = weights[2:] - weights[2:].mean() if biased else np.zeros(k)
    return Fusion(float(weights[0]), float(weights[1]), bias)


def _logs(probabilities: Floats) -> NDArray[np.float64]:
    known = np.maximum(np.asarray(probabilities, np.float64), _FLOOR)
    return np.asarray(np.log(known / known.sum(axis=1, keepdims=True)), np.float64)
