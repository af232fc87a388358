"""The measures of a detector: average precision, and recall at a bound on false boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import iou

LARGE = 32.0
"""Faces with a smaller side, in pixels of the stored picture, are not asked for."""

OVERLAP = 0.5

Found = tuple[NDArray[np.float32], NDArray[np.float32]]
"""What a detector says of one picture: boxes (n, 4) x, y, width, height and scores (n,)."""


def average_precision(found: list[Found], truth: list[NDArray[np.float32]]) -> float:
    """Return the area under the precision-recall curve at IoU 0.5 for faces with both sides of at least 32 px.

    Smaller true faces, and boxes found on them, count neither for nor against; any other box without a face is false.
    """
    rows: list[tuple[float, bool]] = []
    wanted = 0
    for (boxes, scores), true in zip(found, truth, strict=True):
        large = np.asarray((true[:, 2:] >= LARGE).all(1))
        wanted += int(large.sum())
        free, overlap = np.array(large), iou(boxes, true)
        for row in np.argsort(-scores, kind="stable"):
            match = np.where(free, overlap[row], 0.0)
            if match.max(initial=0.0) >= OVERLAP:
                free[int(match.argmax())] = False
                rows.append((float(scores[row]), True))
            elif overlap[row][~large].max(initial=0.0) < OVERLAP:
                rows.append((float(scores[row]), False))
    if not rows or not wanted:
        return 0.0
    rows.sort(key=lambda pair: -pair[0])
    hits = np.cumsum([hit for _, hit in rows])
    precision = hits / np.arange(1, len(rows) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) / wanted * precision))


def recall_at(
    found: list[Found], truth: list[NDArray[np.float32]], threshold: float | None, false_most: float = 0.01
) -> tuple[float, float, float]:
    """Return recall and false boxes a picture on one-face pictures, and the threshold.

    Without a `threshold`, the lowest that gives at most `false_most` false boxes a picture is taken.
    """
    best, false = [], []
    for (boxes, scores), true in zip(found, truth, strict=True):
        right = iou(boxes, true).max(1, initial=0.0) >= OVERLAP
        best.append(float(scores[right].max(initial=0.0)))
        # A second box on the same face is false too.
        again = np.flatnonzero(right)[np.argsort(-scores[right])][1:]
        false.extend([*scores[~right].tolist(), *scores[again].tolist()])
    if threshold is None:
        ordered = sorted(false, reverse=True)
        allowed = int(false_most * len(truth))
        threshold = ordered[allowed] + 1e-6 if len(ordered) > allowed else 0.0
    recall = float(np.mean(np.array(best) >= threshold))
    return recall, float(np.sum(np.array(false) >= threshold)) / len(truth), float(threshold)
