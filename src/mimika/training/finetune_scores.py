"""What a fine-tuned network is worth on held-out faces, and the temperature that makes its answers honest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import FERPLUS
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.evaluation.calibration import cross_entropy
from mimika.evaluation.scores import score
from mimika.evaluation.statistics import interval, plain
from mimika.stages.recognize.calibrate import Calibration
from mimika.training.finetune import Head
from mimika.training.finetune_data import OwnFaces
from mimika.training.finetune_split import Division

KNOWN_FACES = 10.0
"""The temperature is held at 1 as if by so many faces; validation parts are small."""
_BATCH = 64


def compared(before: Path, after: Path, faces: OwnFaces, division: Division) -> dict[str, Any]:
    """Return the scores of two network files on the held-out faces, and what the second gained.

    Keys: before, after (see `evaluation.scores.score`), gain {top1, ci95}, looks (mean cosine of both embeddings),
    wrong [{name, truth, said}] of the second.
    """
    rows = np.flatnonzero(division.rows("test"))
    truth = faces.truth[rows]
    result: dict[str, Any] = {}
    right, looks = [], []
    for name, file in (("before", before), ("after", after)):
        card, outputs = Card.load(file), outputs_of(file, faces.crops[rows])
        labels = card.labels or FERPLUS
        probabilities = Calibration.of(card, len(labels)).probabilities(outputs["logits"])
        result[name] = score(probabilities, truth, faces.classes, labels)
        places = np.array([labels.index(each) for each in faces.classes])
        said = probabilities.argmax(1)
        right.append(said == places[truth])
        looks.append(outputs["embedding"])
    gain = right[1].astype(float) - right[0]
    result["gain"] = {"top1": plain(gain.mean()), "ci95": [plain(end) for end in interval(gain)]}
    result["looks"] = plain((looks[0] * looks[1]).sum(1).mean())
    result["wrong"] = [
        {"name": faces.names[row], "truth": faces.classes[faces.truth[row]], "said": labels[answer]}
        for row, answer, good in zip(rows, said, right[1], strict=True)
        if not good
    ]
    return result


def outputs_of(file: Path, crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Run a network file on (n, 64, 64) uint8 crops and return its outputs by name, whole."""
    session, luma = Session(file), crops[:, None].astype(np.float32) / np.float32(255)
    parts = [session.run(luma[start : start + _BATCH]) for start in range(0, len(luma), _BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def temperature(logits: NDArray[np.float32], head: Head, rows: NDArray[np.intp]) -> float:
    """Return the temperature, 0.4 to 2.5, that makes the truth of the rows likeliest, drawn towards 1.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    known = head.truth[rows] >= 0
    truth = np.eye(logits.shape[1])[head.truth[rows][known]]
    choices = np.exp(np.linspace(np.log(0.4), np.log(2.5), 61))
    costs = [
        known.sum() * cross_entropy(logits[known] / t + head.shift, truth) + KNOWN_FACES * np.log(t) ** 2
        for t in choices
    ]
    return float(choices[int(np.argmin(costs))])
