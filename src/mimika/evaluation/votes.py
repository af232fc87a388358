"""The ten votes of FER+: which rows count, and for what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import FERPLUS

COLUMNS = (*FERPLUS, "unknown", "not-a-face")
"""What the ten vote columns stand for, in order."""


def vote_targets(votes: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Turn (n, 10) FER+ votes into (n, 8) distributions and whether each row is usable.

    Single votes are outliers and dropped, unless nothing else is there; a row is usable when neither unknown nor
    not-a-face has as many votes as the strongest expression. Source: Barsoum et al., ICMI 2016, section 3.
    """
    kept = np.where(votes > 1, votes, 0)
    kept = np.where(kept.sum(1, keepdims=True) > 0, kept, votes)
    expressions = kept[:, : len(FERPLUS)].astype(np.float32)
    usable = expressions.max(1) > kept[:, len(FERPLUS) :].max(1)
    return expressions / np.maximum(expressions.sum(1, keepdims=True), 1), usable


def clean_rows(votes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each row's top vote is unique, above five, and an expression: the rows FER+ accuracy is counted on."""
    top = votes.max(1)
    unique = (votes == top[:, None]).sum(1) == 1
    return np.asarray(unique & (top > 5) & (votes.argmax(1) < len(FERPLUS)), np.bool_)


def majority_rows(votes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each row counts by the rule of FER+'s authors, which papers report.

    Single votes are dropped; the top of the rest must hold more than half of it, and be an expression.
    Source: Barsoum et al., ICMI 2016, and the reader in their published code, mode "majority".
    """
    kept = np.where(votes > 1, votes, 0)
    return np.asarray((2 * kept.max(1) > kept.sum(1)) & (kept.argmax(1) < len(FERPLUS)), np.bool_)


def truth_by(votes: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the (n,) most voted expression, in the order of `FERPLUS`, -1 outside `rows`."""
    return np.where(rows, votes.argmax(1), -1).astype(np.int64)
