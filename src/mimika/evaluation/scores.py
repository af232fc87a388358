"""How right, how honest: the scores of one model's answers on labelled pictures.

A model whose classes are not those of the data is scored by this rule. In the scores proper the data decide: a picture
of a class that the model does not know is answered wrong, and so is every picture that it puts into a class that the
data do not have. In `shared` both are left out: pictures of classes unknown to the model are dropped, its
probabilities of classes unknown to the data too, and the rest of them scaled to sum to 1. A picture without an answer
is wrong in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import shaped
from mimika.data.errors import OptionError
from mimika.evaluation.calibration import calibration_error, confusion, macro_f1
from mimika.evaluation.statistics import interval, plain

COVERAGES = tuple(round(0.05 * step, 2) for step in range(2, 21))
"""Shares of the pictures, the most confident first, at which accuracy is told."""


def score(
    probabilities: NDArray[np.float32],
    truth: NDArray[np.int64],
    classes: Sequence[str],
    model_classes: Sequence[str],
    *,
    found: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Return the scores of (n, k) probabilities in the order of `model_classes`; ready for JSON.

    `truth` (n,) are places in `classes`, rows of -1 do not count. A row of zeros or NaN is a picture without answer.
    `found` (n,) says where a face was seen.

    Keys: n, classes, top1, top1_ci95, macro_f1, balanced_accuracy (over the classes that occur), per_class
    {precision, recall, f1, n}, confusion (truth in rows), confusion_elsewhere (answers that are no class of the data),
    ece (15 bins), brier (sum over the classes, 0..2), coverage_curve [{coverage, top1, confidence}], and where they
    apply: found, where_found {n, top1}, shared {classes, left_out, n, top1, top1_ci95, macro_f1, balanced_accuracy,
    ece}.

    Raises:
        OptionError: if no row counts.
        ShapeError: if a shape is wrong.
    """
    counted = truth >= 0
    if not counted.any():
        raise OptionError("there is no labelled picture to score")
    values = np.nan_to_num(
        shaped("probabilities", probabilities, (len(truth), len(model_classes)), np.float32)[counted]
    )
    rows = truth[counted]
    result = _whole(_on_classes(values, classes, model_classes), rows, classes)
    if found is not None:
        seen = found[counted]
        result["found"] = seen.mean()
        right = result.pop("_right")
        if not seen.all() and seen.any():
            result["where_found"] = {"n": int(seen.sum()), "top1": right[seen].mean()}
    result.pop("_right", None)
    if set(classes) != set(model_classes):
        result["shared"] = _shared(values, rows, classes, model_classes)
    return plain(result)  # type: ignore[no-any-return]


def answers(
    probabilities: NDArray[np.float32], classes: Sequence[str], model_classes: Sequence[str]
) -> NDArray[np.int64]:
    """Return the (n,) answers as places in `classes`; len(classes) where it is another class or there is none."""
    aligned = _on_classes(np.nan_to_num(probabilities), classes, model_classes)
    return np.where(aligned.max(1) > 0, aligned.argmax(1), len(classes)).astype(np.int64)


def _on_classes(
    values: NDArray[np.float32], classes: Sequence[str], model_classes: Sequence[str]
) -> NDArray[np.float32]:
    """Return (n, k + 1) probabilities of the data's classes, and of the likeliest class that the data do not have.

    Only the likeliest, because it is single classes that compete for being the answer.
    """
    aligned = np.zeros((len(values), len(classes) + 1), np.float32)
    elsewhere = [column for column, name in enumerate(model_classes) if name not in classes]
    for column, name in enumerate(model_classes):
        if name in classes:
            aligned[:, classes.index(name)] = values[:, column]
    if elsewhere:
        aligned[:, -1] = values[:, elsewhere].max(1)
    return aligned


def _whole(aligned: NDArray[np.float32], truth: NDArray[np.int64], classes: Sequence[str]) -> dict[str, Any]:
    k = len(classes)
    guess = np.where(aligned.max(1) > 0, aligned.argmax(1), k)
    right = guess == truth
    table = confusion(truth, guess, k + 1)
    hard = np.eye(k + 1, dtype=np.float32)[truth]
    confidence = aligned.max(1)
    per_class = {name: _one_class(table, place) for place, name in enumerate(classes)}
    return {
        "n": len(truth),
        "classes": list(classes),
        "top1": right.mean(),
        "top1_ci95": interval(right),
        "macro_f1": macro_f1(table),
        "balanced_accuracy": np.mean([row["recall"] for row in per_class.values() if row["n"]]),
        "per_class": per_class,
        "confusion": table[:k, :k].tolist(),
        "confusion_elsewhere": table[:k, k].tolist(),
        "ece": calibration_error(aligned, hard),
        "brier": ((aligned[:, :k] - hard[:, :k]) ** 2).sum(1).mean(),
        "coverage_curve": _coverage(confidence, right),
        "_right": right,
    }


def _one_class(table: NDArray[np.int64], place: int) -> dict[str, Any]:
    hits, said, there = int(table[place, place]), int(table[:, place].sum()), int(table[place].sum())
    return {
        "precision": hits / max(said, 1),
        "recall": hits / max(there, 1),
        "f1": 2 * hits / max(said + there, 1),
        "n": there,
    }


def _coverage(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the accuracy on the most confident share of the pictures, for growing shares."""
    order = np.argsort(-confidence, kind="stable")
    kept = [(share, max(1, round(share * len(order)))) for share in COVERAGES]
    return [
        {"coverage": share, "top1": right[order[:n]].mean(), "confidence": confidence[order[n - 1]]}
        for share, n in kept
    ]


def _shared(
    values: NDArray[np.float32], truth: NDArray[np.int64], classes: Sequence[str], model_classes: Sequence[str]
) -> dict[str, Any]:
    both = [name for name in classes if name in model_classes]
    left_out = [name for name in (*classes, *model_classes) if name not in both]
    places = np.array([both.index(name) if name in both else -1 for name in classes])
    rows = places[truth] >= 0
    if not rows.any():
        return {"classes": both, "left_out": left_out, "n": 0}
    kept = values[rows][:, [list(model_classes).index(name) for name in both]]
    kept = kept / np.maximum(kept.sum(1, keepdims=True), np.float32(1e-12))
    whole = _whole(_on_classes(kept, both, both), places[truth][rows], both)
    keys = ("n", "top1", "top1_ci95", "macro_f1", "balanced_accuracy", "ece")
    return {"classes": both, "left_out": left_out} | {key: whole[key] for key in keys}
