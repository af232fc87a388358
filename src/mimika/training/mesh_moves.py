"""Faces made to move by known action units: what teaches the mesh network to follow a movement as far as it goes.

Its teacher follows a third of such a movement, so that labels alone cannot teach more. What moved is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.stages.measure.action_units import displacements, triangles
from mimika.training.action_units_data import draw_units, face_cut, upright, with_lips
from mimika.training.warps import Inside, displaced, move

CUT = 44.0
"""Pixels of an inter-ocular distance in the picture that is warped: half more than in the network's crop."""
_NOISE = 0.2
"""Inter-ocular distances that a point may err; the more, the less is read off units that move little."""


class Moves:
    """Warps a face by units drawn at random; a callable (picture, mesh, generator) -> (picture, mesh)."""

    def __init__(self) -> None:
        self.basis, self.faces = displacements().astype(np.float64), triangles()

    def __call__(
        self, picture: NDArray[np.uint8], mesh: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the face moved, cut out with something around it, and its mesh there."""
        cut, start = face_cut(picture, mesh, CUT)
        shapes, placing = upright(start[None].astype(np.float64))
        units = draw_units(rng, 1)
        moved, _ = with_lips(shapes + displaced(shapes, self.basis, units), units, self.basis)
        inside = Inside(int(rng.integers(15, 70)), int(rng.integers(120, 230)) if rng.random() < 0.5 else 0)
        return move(cut, start, placing(moved)[0] - start, self.faces, inside)


def readout() -> NDArray[np.float32]:
    """Return (k, 1434), which reads shares 0..1 of the units and sides off pose-free displacements of 478 points.

    The most likely shares under errors of the points and shares of either sign that are both normal: regularised least
    squares, so that units that look alike share what is seen.
    """
    basis = displacements().astype(np.float64).reshape(len(ACTION_UNITS), 2, -1)
    rows = [side for unit, sides in zip(ACTION_UNITS, basis, strict=True)
            for side in (sides if unit in SIDED_UNITS else sides.sum(0, keepdims=True))]  # fmt: skip
    flat = np.stack(rows)
    return np.asarray(np.linalg.solve(flat @ flat.T + _NOISE**2 * np.eye(len(flat)), flat), np.float32)
