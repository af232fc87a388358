"""Action units: how strongly each facial muscle acts, left and right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.data.options import Options
from mimika.stages.measure.appearance import appearance
from mimika.stages.measure.eyes import openness
from mimika.stages.measure.unit_inputs import (
    SHAPE_POINTS,
    UPPER_UNITS,
    inputs_alone,
    inputs_compared,
    inputs_seen,
    mirrored,
    mirrored_seen,
    shape_of,
    unit_file,
)

MAXIMUM = 5.0
LETTERS = ("", "A", "B", "C", "D", "E")
"""No trace at all, then trace, slight, marked, severe, maximum, as the FACS manual scores them."""
LOWER_UNITS = tuple(unit for unit in ACTION_UNITS if unit not in (*UPPER_UNITS, "AU43"))

_SHUT = ACTION_UNITS.index("AU43")
_OPEN_ENOUGH = 0.75
"""Eye openness above which a lid does not count as lowered."""
_SLEEPY = 0.5
"""A neutral whose eyes are less open than this was no neutral."""
_OF_PICTURE = 1 / 3
"""Share of the picture's own measure where the person's neutral is known too."""
_WHOLE = np.array([row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS], np.intp)
_UPPER = np.array([ACTION_UNITS.index(unit) for unit in UPPER_UNITS], np.intp)
_LOWER = np.array([ACTION_UNITS.index(unit) for unit in LOWER_UNITS], np.intp)


class ActionUnits:
    """Measures action units by the shipped regressors, from shape, from appearance, from the person's own neutral.

    `docs/reference/action-units.md` says what each unit is, what it is measured from, and how well.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._options = options if options is not None else Options()
        self._nets = {name: _Network(name) for name in ("alone", "neutral", "upper", "lower")}

    def measure(
        self,
        meshes: Floats,
        angles: Floats,
        neutrals: Floats | None = None,
        units: Floats | None = None,
        luma: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.float32]:
        """Return intensities (n, 23, 2), 0..5, in the order of `labels.ACTION_UNITS`, the subject's left, then right.

        `meshes` (n, 478, 3) picture pixels, z in the same scale; `angles` (n, 3) pitch, yaw, roll in degrees;
        `neutrals`, the same persons without expression, as shapes (n, 468, 3) from `neutral_shape` or as meshes (n,
        478, 3), a row of NaN where unknown. `luma` (height, width) is the picture itself; where only meshes were kept,
        `units` (n, 23, 2), measured earlier with the picture and without a neutral, take its place; without both, shape
        alone decides. Units without sides have both values alike.
        """
        if not len(meshes):
            return np.zeros((0, len(ACTION_UNITS), 2), np.float32)
        shapes = shape_of(meshes)
        if luma is not None:
            units = self._seen(shapes, angles, appearance(luma, meshes))
        opened = openness(meshes)
        shown = units is not None and bool(np.isfinite(units).all())
        result = np.array(units if units is not None and shown else self._alone(shapes, angles), np.float32)
        if neutrals is not None:
            calm = np.asarray(neutrals, np.float32)
            calm = shape_of(calm) if calm.shape[1] > SHAPE_POINTS else calm
            rows = np.flatnonzero(np.isfinite(calm).all(axis=(1, 2)))
            compared = self._compared(shapes[rows], np.asarray(angles, np.float32)[rows], calm[rows])
            result[rows] = _OF_PICTURE * result[rows] + (1 - _OF_PICTURE) * compared if shown else compared
            opened[rows] /= np.maximum(openness(calm[rows]), _SLEEPY)
        result[:, _WHOLE] = result[:, _WHOLE].mean(axis=-1, keepdims=True)
        result[:, _SHUT] = _shut(opened)
        return np.clip(result, 0, MAXIMUM)

    def neutral_shape(self, meshes: Floats, angles: Floats) -> NDArray[np.float32]:
        """Return the pose-free shapes (n, 468, 3) that a baseline averages and stores, in inter-ocular distances.

        `meshes` (n, 478, 3), `angles` (n, 3) as in `measure`.
        """
        return shape_of(meshes)

    def _alone(self, shapes: NDArray[np.float32], angles: Floats) -> NDArray[np.float32]:
        """Return intensities by shape; the mean of a face and of its mirror picture, so that no side is preferred."""
        values = self._nets["alone"](
            np.concatenate([inputs_alone(shapes, angles), inputs_alone(*mirrored(shapes, angles))])
        )
        return _both_ways(values)

    def _compared(self, shapes: NDArray[np.float32], angles: Floats, calm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return intensities by how the shape differs from the person's own."""
        swapped, turned = mirrored(shapes, angles)
        plain = inputs_compared(shapes, angles, calm)
        other = inputs_compared(swapped, turned, mirrored(calm, angles)[0])
        return _both_ways(self._nets["neutral"](np.concatenate([plain, other])))

    def _seen(self, shapes: NDArray[np.float32], angles: Floats, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return intensities by shape and appearance; each half of the face by itself, right ones mirrored."""
        n = len(shapes)
        swapped, turned = mirrored(shapes, angles)
        result = np.zeros((n, len(ACTION_UNITS), 2), np.float32)
        halves = ((shapes, np.asarray(angles, np.float32), seen), (swapped, turned, mirrored_seen(seen)))
        for region, rows in (("upper", _UPPER), ("lower", _LOWER)):
            both = self._nets[region](
                np.concatenate([inputs_seen(shape, turn, skin, region) for shape, turn, skin in halves])
            )
            shares = MAXIMUM / (1 + np.exp(-both))
            result[:, rows] = shares.reshape(2, n, len(rows)).transpose(1, 2, 0)
        return result


def letters(intensities: Floats) -> NDArray[np.str_]:
    """Return the FACS letters of intensities 0..5: "" below 0.5, then A, B, C, D, E by rounding; NaN gives "".

    Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
    """
    steps = np.clip(np.floor(np.nan_to_num(np.asarray(intensities, np.float64)) + 0.5), 0, len(LETTERS) - 1)
    return np.array(LETTERS)[steps.astype(np.intp)]


def asymmetry(units: Floats) -> NDArray[np.float32]:
    """Return (n, 23) how one-sided each unit of (n, 23, 2) is, -1..1: + where the subject's left is stronger.

    The difference of the sides over the stronger one, or over 1 where both are weaker than that, so that traces do not
    count as one-sided. 0 for units without sides.
    """
    values = np.asarray(units, np.float32)
    return np.asarray((values[..., 0] - values[..., 1]) / np.maximum(values.max(axis=-1), 1.0), np.float32)


def displacements() -> NDArray[np.float32]:
    """Return (23, 2, 478, 3): how far each unit at intensity 5 moves each point, in inter-ocular distances.

    Axes and points as in the mean face. A unit without sides has half of its movement in each row, so that the sum over
    units and sides, each times its intensity over 5, moves a face.
    """
    return np.asarray(unit_file()["basis"], np.float32)


def triangles() -> NDArray[np.int32]:
    """Return the (898, 3) triangles of the mesh, those inside eyes and mouth included."""
    return np.asarray(unit_file()["triangles"], np.int32)


class _Network:
    """A small regressor of dense layers; what standardises its inputs is part of the first."""

    def __init__(self, name: str) -> None:
        arrays = unit_file()
        count = sum(key.startswith(f"{name}_w") for key in arrays)
        self._layers = [
            (arrays[f"{name}_w{number}"].astype(np.float32), arrays[f"{name}_b{number}"].astype(np.float32))
            for number in range(count)
        ]

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        for number, (weight, bias) in enumerate(self._layers):
            values = values @ weight + bias
            if number < len(self._layers) - 1:
                np.maximum(values, 0, out=values)
        return values


def _both_ways(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average outputs (2n, 46) for faces and then for their mirror pictures into (n, 23, 2)."""
    both = values.reshape(2, -1, len(ACTION_UNITS), 2)
    return np.asarray(np.clip((both[0] + both[1][..., ::-1]) / 2, 0, MAXIMUM), np.float32)


def _shut(opened: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intensity (n, 2) of closing eyes, straight from how far they are open."""
    return np.asarray(MAXIMUM * np.clip((_OPEN_ENOUGH - opened) / _OPEN_ENOUGH, 0, 1), np.float32)
