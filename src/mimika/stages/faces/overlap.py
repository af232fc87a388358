"""Which boxes are the same face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats, shared_areas

_SHARED = 0.3
"""Two boxes of one face share at least this part of their union; two people's faces hardly ever do."""
_INSIDE = 0.7
"""A box that lies by this part of its own area inside another is a piece of that face."""


def same_face(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Return the (n, m) table of which of (n, 4) and (m, 4) boxes x, y, width, height lie on the same face."""
    shared, size_a, size_b = shared_areas(a, b)
    union = size_a + size_b - shared
    return np.asarray((shared > _SHARED * union) | (shared > _INSIDE * np.minimum(size_a, size_b)), np.bool_)


def distinct(boxes: Floats, strength: Floats) -> NDArray[np.intp]:
    """Return the rows to keep, in their order, so that no face is there twice.

    `boxes` (n, 4); `strength` (n,): of several boxes on one face the one with the largest stays.
    """
    if len(boxes) < 2:
        return np.arange(len(boxes))
    same = same_face(boxes, boxes)
    kept: list[int] = []
    for row in np.argsort(-np.asarray(strength, np.float64), kind="stable"):
        if not same[row, kept].any():
            kept.append(int(row))
    return np.sort(np.array(kept, np.intp))
