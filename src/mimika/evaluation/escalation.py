"""What asking a second model about the least certain faces gains, and what it costs, as the threshold moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.evaluation.calibration import confusion, macro_f1
from mimika.stages.recognize.fusion import Fusion

SHARES = tuple(round(0.05 * step, 2) for step in range(21))


@dataclass(frozen=True, slots=True)
class Escalation:
    """One place of the threshold: faces whose local confidence is below it are asked about.

    `share` of the faces asked about, 0..1; `top1` and `macro_f1` of the answers; `cost_per_1000_usd`.
    """

    share: float
    threshold: float
    top1: float
    macro_f1: float
    cost_per_1000_usd: float

    def as_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {name: round(float(getattr(self, name)), 6) for name in self.__slots__}


def curve(
    local: Floats,
    cloud: Floats,
    truth: NDArray[np.int64],
    fusion: Fusion,
    costs: Floats,
    shares: Sequence[float] = SHARES,
) -> list[Escalation]:
    """Return accuracy and cost for growing shares of the faces, the least certain first.

    `local` and `cloud` (n, 8); a row of zeros in `cloud` is a face without an answer, where the local one stays;
    `truth` (n,) places in `labels.FERPLUS`; `costs` (n,) US dollars of each answer.
    """
    sure = np.asarray(local).max(axis=1)
    order = np.argsort(sure, kind="stable")
    answered = np.asarray(cloud).sum(axis=1) > 0
    both = np.where(answered[:, None], fusion(local, np.where(answered[:, None], cloud, 1.0)), local)
    points = []
    for share in shares:
        asked = order[: round(share * len(order))]
        said = np.asarray(local).copy()
        said[asked] = both[asked]
        guess = said.argmax(axis=1)
        points.append(
            Escalation(
                share,
                float(sure[order[len(asked)]]) if len(asked) < len(order) else 1.0,
                float((guess == truth).mean()),
                macro_f1(confusion(truth, guess, local.shape[1])),
                1000 * float(np.asarray(costs)[asked].sum()) / len(order),
            )
        )
    return points


def line_of(points: Sequence[Escalation], cloud_top1: float) -> NDArray[np.float64]:
    """Return, at the cost of each point, the accuracy on the straight line from local only to cloud only.

    That line is what sending faces by lot would give.
    """
    costs = np.array([point.cost_per_1000_usd for point in points])
    part = costs / costs[-1] if costs[-1] > 0 else np.array([point.share for point in points])
    return np.asarray(points[0].top1 + part * (cloud_top1 - points[0].top1), np.float64)
