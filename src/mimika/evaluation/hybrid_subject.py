"""The router under test: a local network for every face, a cloud model for those it is unsure of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.evaluation.cloud_subject import CloudSubject
from mimika.evaluation.escalation import SHARES, Escalation, curve
from mimika.evaluation.fusing import FittedFusion, fitted
from mimika.evaluation.subjects import Luma, OnnxSubject, Predictions
from mimika.stages.recognize.fusion import Fusion


class HybridSubject:
    """Asks the `cloud` about faces whose local confidence is below `unsure_below`, and mixes both by `fusion`.

    Every row asked for is remembered, so that `escalation` can tell what other thresholds would have given; where the
    cloud was asked about all pictures before, for all of them.

    Raises:
        OptionError: if the local network does not answer with the eight expressions.
    """

    classes = FERPLUS

    def __init__(self, local: OnnxSubject, cloud: CloudSubject, fusion: Fusion, unsure_below: float) -> None:
        if local.classes != FERPLUS:
            raise OptionError(f"hybrid: {local.name} does not answer with the eight expressions of FER+")
        self._local, self._cloud, self._fusion, self._below = local, cloud, fusion, unsure_below
        self._rows: list[tuple[NDArray[np.float32], NDArray[np.float32], float, bool]] = []
        self._pictures: list[bytes] = []

    @property
    def name(self) -> str:
        """What tables call it."""
        return "hybrid"

    def describe(self) -> dict[str, Any]:
        """Return its parts, the share asked about and the cost for a thousand pictures."""
        asked = [row[3] for row in self._rows]
        cost = sum(row[2] for row in self._rows if row[3])
        return self._local.describe() | {
            "name": self.name,
            "local": self._local.name,
            "cloud": self._cloud.name,
            "unsure_below": self._below,
            "fusion": {"local": self._fusion.local, "cloud": self._fusion.cloud, "bias": self._fusion.bias.tolist()},
            "escalated": float(np.mean(asked)) if asked else 0.0,
            "failures": dict(self._cloud.failures),
            "cost_per_1000_usd": 1000 * cost / max(len(asked), 1),
        }

    def predict(self, pictures: Sequence[Luma], tight: Sequence[bool]) -> Predictions:
        """Answer for (height, width) uint8 pictures, each a face cut out or a whole photo."""
        local = self._local.predict(pictures, tight)
        probabilities, ms = local.probabilities.copy(), local.ms.copy()
        for row, (picture, flag) in enumerate(zip(pictures, tight, strict=True)):
            mine, asked = local.probabilities[row], bool(0 < local.probabilities[row].max() < self._below)
            shown = self._cloud.picture(picture, bool(flag))
            said = None if shown is None else self._cloud.ask(shown) if asked else self._cloud.known(shown)
            theirs = np.zeros(len(FERPLUS), np.float32) if said is None else said.probabilities
            if asked and said is not None:
                probabilities[row] = self._fusion(mine[None], theirs[None])[0]
                ms[row] += said.ms
            self._rows.append((mine, theirs, (said.cost_usd or 0.0) if said is not None else 0.0, asked))
            self._pictures.append(hashlib.sha256(picture.tobytes()).digest())
        return Predictions(probabilities, local.found, ms)

    def fitted(self, truth: NDArray[np.int64], classes: Sequence[str]) -> FittedFusion:
        """Return weights of the fusion fitted on the faces that both readers answered; arguments as `escalation`.

        Raises:
            OptionError: if there are too few.
        """
        both = [
            (*row[:2], FERPLUS.index(classes[true]), picture)
            for row, picture, true in zip(self._rows, self._pictures, truth, strict=False)
            if true >= 0 and row[0].sum() > 0 and row[1].sum() > 0
        ]
        empty = np.zeros((0, len(FERPLUS)), np.float32)
        local, cloud = (np.stack([one[part] for one in both]) if both else empty for part in (0, 1))
        places = np.array([one[2] for one in both], np.int64)
        return fitted(local, cloud, places, [one[3] for one in both], self._fusion)

    def escalation(self, truth: NDArray[np.int64], classes: Sequence[str]) -> list[Escalation]:
        """Return accuracy and cost as the threshold moves, up to the share of faces that have an answer.

        `truth` (n,) places in `classes` of the first n pictures that were predicted, -1 for one that does not count.
        """
        kept = [row for row, true in zip(self._rows, truth, strict=False) if true >= 0]
        places = np.array([FERPLUS.index(classes[true]) for true in truth if true >= 0])
        local, cloud = (np.stack([row[part] for row in kept]) for part in (0, 1))
        costs = np.array([row[2] for row in kept])
        order = np.argsort(local.max(axis=1), kind="stable")
        # A question that failed leaves a hole, which the router would have met too; a long run of them is the end.
        answered = cloud[order].sum(axis=1) > 0
        share = (int(np.flatnonzero(answered)[-1]) + 1) / len(order) if answered.any() else 0.0
        return curve(local, cloud, places, self._fusion, costs, [one for one in SHARES if one <= share + 1e-9])
