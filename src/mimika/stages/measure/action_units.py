"""Action units: how strongly each facial muscle acts, left and right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS
from mimika.data.options import Options
from mimika.stages.measure.appearance import AppearanceNet, Cuts, cuts_of
from mimika.stages.measure.changes import ChangeNet, Portraits, known, without_sides
from mimika.stages.measure.eyes import openness
from mimika.stages.measure.pose import Fit
from mimika.stages.measure.unit_inputs import (
    SHAPE_POINTS,
    UPPER_UNITS,
    inputs_alone,
    inputs_changed,
    inputs_compared,
    inputs_seen,
    numbers_of,
    shape_of,
    unit_file,
    upright_of,
)

MAXIMUM = 5.0
LOWER_UNITS = tuple(unit for unit in ACTION_UNITS if unit not in UPPER_UNITS)

_SHUT = ACTION_UNITS.index("AU43")
_OPEN_ENOUGH = 0.75
"""Eye openness above which a lid does not count as lowered."""
_WIDE_OPEN = 1.05
"""Eye openness from which on no lid is lowered."""
_SLEEPY = 0.5
"""A neutral whose eyes are less open than this was no neutral."""
_OF_ONE_PICTURE, _BESIDE_A_COMPARISON = 1 / 3, 0.1
"""Share of what the picture by itself says, beside a comparison with the neutral by shape, and by picture too."""
_PLACES = np.array([(*UPPER_UNITS, *LOWER_UNITS).index(unit) for unit in ACTION_UNITS], np.intp)
"""Where each unit stands among what the regressors of the upper and of the lower region say."""


Array = NDArray[np.float32]


class ActionUnits:
    """Measures action units by the shipped regressors, from shape, from appearance, from the person's own neutral.

    `docs/reference/action-units.md` says what each unit is, what it is measured from, and how well.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._options = options if options is not None else Options()
        self._nets = {name: _Network(name) for name in ("alone", "neutral", "changed", "upper", "lower")}
        self._appearance, self._changes = AppearanceNet(self._options), ChangeNet(self._options)

    def measure(
        self,
        meshes: Floats,
        angles: Floats,
        neutrals: Floats | None = None,
        units: Floats | None = None,
        luma: NDArray[np.uint8] | None = None,
        cuts: Cuts | None = None,
        portraits: Portraits | None = None,
        calm_portraits: Portraits | None = None,
        fit: Fit | None = None,
        opened: Floats | None = None,
    ) -> NDArray[np.float32]:
        """Return intensities (n, 23, 2), 0..5, in the order of `labels.ACTION_UNITS`, the subject's left, then right.

        `meshes` (n, 478, 3) picture pixels, z in the same scale; `angles` (n, 3) pitch, yaw, roll in degrees;
        `neutrals`, the same persons without expression, as shapes (n, 468, 3) from `neutral_shape` or as meshes (n,
        478, 3), a row of NaN where unknown. `luma` (height, width) is the picture itself, or `cuts` (n, 64, 64) the
        faces cut out of it, as the expression network has them. Where no picture is left, `units` (n, 23, 2), measured
        earlier with it and without a neutral, take its place; without all, shape alone decides. `portraits`,
        `calm_portraits` (n, 96, 96) are pictures of the faces and of their neutrals, as `changes.portraits` takes them,
        blank where unknown; with both a face is compared with its neutral by picture as well as by shape. `fit` and
        `opened` are what `pose.fit_mean_face` and `eyes.openness` say of the meshes, where that is known. Units without
        sides have both values alike.
        """
        if not len(meshes):
            return np.zeros((0, len(ACTION_UNITS), 2), np.float32)
        result, seen = _finite(units), None
        if cuts is None and luma is not None:
            cuts = cuts_of(luma, meshes)
        if cuts is not None and result is None:
            seen = self._appearance.measure(cuts)
        upright = upright_of(meshes, fit)
        lids = openness(meshes) if opened is None else np.asarray(opened, np.float32)
        numbers = numbers_of(upright, angles, seen)
        looked = seen is not None or result is not None
        if result is None:
            result = self._alone(numbers, lids) if seen is None else self._seen(numbers, lids)
        if neutrals is not None:
            pictures = None if portraits is None or calm_portraits is None else (portraits, calm_portraits)
            compared, rows, pictured = self._compared(numbers, upright[:, :SHAPE_POINTS], lids, neutrals, pictures)
            share = np.where(pictured, _BESIDE_A_COMPARISON, _OF_ONE_PICTURE) * looked
            weight = share.astype(np.float32)[:, None, None]
            result[rows] = weight * result[rows] + (1 - weight) * compared
            # The lids against the person's own say more of a closing eye than any picture.
            result[rows, _SHUT] = compared[:, _SHUT]
        result = without_sides(result)
        return np.minimum(np.maximum(result, 0, out=result), MAXIMUM, out=result)

    def neutral_shape(self, meshes: Floats, angles: Floats) -> NDArray[np.float32]:
        """Return the pose-free shapes (n, 468, 3) that a baseline averages and stores, in inter-ocular distances.

        `meshes` (n, 478, 3), `angles` (n, 3) as in `measure`.
        """
        return shape_of(meshes)

    def _alone(self, numbers: Array, opened: Array) -> Array:
        """Return intensities by shape; the mean of a face and of its mirror picture, so that no side is preferred."""
        return _with_lids(_both_ways(self._nets["alone"](inputs_alone(numbers))), opened)

    def _compared(
        self,
        numbers: Array,
        shapes: Array,
        opened: Array,
        neutrals: Floats,
        pictures: tuple[Portraits, Portraits] | None,
    ) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
        """Return what the difference from the person's own neutral says, of which rows, and which had pictures of both.

        By shape and picture where they had, else by shape.
        """
        calm = np.asarray(neutrals, np.float32)
        calm = shape_of(calm) if calm.shape[1] > SHAPE_POINTS else calm
        rows = np.flatnonzero(np.isfinite(calm).all(axis=(1, 2)))
        inputs = inputs_compared(numbers[rows], shapes[rows], calm[rows])
        found = np.empty((len(rows), len(ACTION_UNITS), 2), np.float32)
        pictured = np.zeros(len(rows), np.bool_)
        if pictures is not None:
            now, before = (each[rows] for each in pictures)
            pictured = known(now) & known(before)
            shares = self._changes.measure(now[pictured], before[pictured])
            found[pictured] = _both_ways(self._nets["changed"](inputs_changed(inputs[np.tile(pictured, 2)], shares)))
        if not pictured.all():
            found[~pictured] = _both_ways(self._nets["neutral"](inputs[np.tile(~pictured, 2)]))
        own = opened[rows] / np.maximum(openness(calm[rows]), np.float32(_SLEEPY))
        return _with_lids(found, np.asarray(own, np.float32)), rows, pictured

    def _seen(self, numbers: Array, opened: Array) -> Array:
        """Return intensities by shape and appearance; each half of the face by itself, right ones mirrored."""
        regions = [self._nets[region](inputs_seen(numbers, region)) for region in ("upper", "lower")]
        logits = np.concatenate(regions, axis=1)[:, _PLACES].reshape(2, len(numbers), len(ACTION_UNITS))
        shares = 1 / (1 + np.exp(-logits.transpose(1, 2, 0)))
        return _with_lids(np.asarray(MAXIMUM * shares, np.float32), opened)


def displacements() -> NDArray[np.float32]:
    """Return (23, 2, 478, 3): how far each unit at intensity 5 moves each point, in inter-ocular distances.

    Axes and points as in the mean face. A unit without sides has half of its movement in each row, so that the sum over
    units and sides, each times its intensity over 5, moves a face.
    """
    return np.asarray(unit_file()["basis"], np.float32)


def triangles() -> NDArray[np.int32]:
    """Return the (898, 3) triangles of the mesh, those inside eyes and mouth included."""
    return np.asarray(unit_file()["triangles"], np.int32)


def _finite(values: Floats | None) -> Array | None:
    """Return a copy of measured values, None where any is not known."""
    return None if values is None or not np.isfinite(values).all() else np.array(values, np.float32)


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


def _with_lids(units: Array, opened: Array) -> Array:
    """Let AU43 be what the openness of the eyes says, the more the further they are shut; changes `units`.

    Of eyes that are open the regressors say little, and what the other eye does must not count for this one.
    """
    # Twice as fast as `clip`, and openness is never below 0.
    direct = np.maximum(1 - opened / np.float32(_OPEN_ENOUGH), 0)
    doubtful = np.minimum(np.maximum((_WIDE_OPEN - opened) / (_WIDE_OPEN - _OPEN_ENOUGH), 0), 1)
    units[:, _SHUT] = direct * direct * MAXIMUM + (1 - direct) * doubtful * units[:, _SHUT]
    return units
