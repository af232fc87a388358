"""How far the local network and a second model can be trusted: weights fitted where the truth is known, and tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS
from mimika.evaluation.calibration import confusion, macro_f1
from mimika.evaluation.statistics import interval, plain
from mimika.stages.recognize.fusion import Fusion, fit

LEAST = 50
"""Fewer faces tell more about chance than about the readers."""
FOLDS = 5
_SURELY = 1e-6


@dataclass(frozen=True, slots=True)
class FittedFusion:
    """Weights, and how good they are on faces that they were not fitted on.

    `fusion` is fitted on all `faces`. `scores` holds, for "local", "cloud", "before" (the weights in force until now)
    and "fitted", top-1, macro-F1 and mean negative log-likelihood; those of "fitted" are of `FOLDS` fits, each asked
    about the faces that it was not shown. `gain` is fitted minus local in top-1, with its 95 % interval.
    """

    fusion: Fusion
    faces: int
    scores: dict[str, dict[str, float]]
    gain: float
    gain_ci95: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        weights = {"local": self.fusion.local, "cloud": self.fusion.cloud}
        told = {"faces": self.faces, "folds": FOLDS, "weights": weights, "held_out": self.scores}
        return dict(plain(told | {"gain_top1": self.gain, "gain_top1_ci95": self.gain_ci95}))

    def note(self, local: str, cloud: str, data: str) -> str:
        """Return in a line what the weights were fitted on and what they gain."""
        low, high = (100 * end for end in self.gain_ci95)
        return (
            f"{local} and {cloud} on {self.faces} faces of {data}; on faces left out of the fit top-1 "
            f"{100 * self.scores['fitted']['top1']:.1f} %, {100 * self.gain:+.1f} points ({low:+.1f}..{high:+.1f}) "
            "to the local network alone"
        )


def fitted(
    local: Floats, cloud: Floats, truth: NDArray[np.int64], pictures: Sequence[bytes], before: Fusion
) -> FittedFusion:
    """Fit weights on labelled faces that both readers answered.

    `local` and `cloud` (n, 8); `truth` (n,) places in `labels.FERPLUS`; `pictures` (n,) digests of what was shown:
    the same picture is never on both sides of a fold.

    Raises:
        OptionError: if there are fewer than `LEAST` faces.
    """
    if len(truth) < LEAST:
        raise OptionError(
            f"fusion: expected at least {LEAST} labelled faces with an answer of the cloud model, received {len(truth)}"
        )
    groups = np.unique(np.array([picture.hex() for picture in pictures]), return_inverse=True)[1]
    # Digests come in no order, so their ranks fall into the folds by lot, the same way at every run.
    fold = groups % FOLDS
    held = np.zeros_like(np.asarray(local, np.float32))
    for number in range(FOLDS):
        inside = fold == number
        weights = fit(local[~inside], cloud[~inside], truth[~inside])
        held[inside] = weights(local[inside], cloud[inside])
    said: dict[str, Floats] = {"local": local, "cloud": cloud, "before": before(local, cloud), "fitted": held}
    right = {name: rows.argmax(axis=1) == truth for name, rows in said.items()}
    difference = right["fitted"].astype(np.float64) - right["local"]
    scores = {name: _scores(rows, truth) for name, rows in said.items()}
    return FittedFusion(fit(local, cloud, truth), len(truth), scores, float(difference.mean()), interval(difference))


def _scores(said: Floats, truth: NDArray[np.int64]) -> dict[str, float]:
    guess = said.argmax(axis=1)
    likely = np.maximum(said[np.arange(len(truth)), truth], _SURELY)
    return {
        "top1": float((guess == truth).mean()),
        "macro_f1": float(macro_f1(confusion(truth, guess, len(FERPLUS)))),
        "nll": float(-np.log(likely).mean()),
    }
