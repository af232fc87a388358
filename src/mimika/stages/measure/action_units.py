"""Action units: how strongly each facial muscle acts, left and right, read from the shape of the mesh."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.data.options import Options
from mimika.stages.faces.align import mirror_map
from mimika.stages.measure.pose import fit_mean_face

SHAPE_POINTS = 468
MAXIMUM = 5.0
LETTERS = ("", "A", "B", "C", "D", "E")
"""No trace at all, then trace, slight, marked, severe, maximum, as the FACS manual scores them."""

SPANS = (
    *((386, 374), (385, 380), (387, 373), (384, 381), (388, 390), (362, 263)),
    *((159, 145), (158, 153), (160, 144), (157, 154), (161, 163), (133, 33)),
    *((336, 386), (296, 386), (334, 387), (293, 388), (300, 263), (285, 362), (336, 362), (295, 386), (282, 386)),
    *((107, 159), (66, 159), (105, 160), (63, 161), (70, 33), (55, 133), (107, 133), (65, 159), (52, 159)),
    *((336, 107), (285, 55), (336, 168), (107, 168)),
    *((346, 374), (347, 374), (330, 263), (280, 263), (117, 145), (118, 145), (101, 33), (50, 33)),
    *((327, 362), (358, 362), (294, 362), (98, 133), (129, 133), (64, 133), (98, 327), (129, 358), (48, 278)),
    *((61, 291), (78, 308), (291, 263), (61, 33), (291, 327), (61, 98), (291, 1), (61, 1), (291, 152), (61, 152)),
    *((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318)),
    *((0, 13), (37, 82), (267, 312), (14, 17), (87, 84), (317, 314), (2, 0), (2, 13), (17, 152), (14, 152), (2, 152)),
    *((205, 33), (425, 263), (206, 61), (426, 291), (0, 17), (40, 91), (270, 321)),
)
"""Pairs of points whose distance says much about lids, brows, nose, lips and jaw."""

_ANGLE_UNIT = 30.0


class ActionUnits:
    """Measures action units by the shipped regressors: one for a face alone, one that also knows the person's neutral.

    Both learnt from faces with known units: a morphable face, real neutral meshes set in motion, and real photos
    warped and measured by the mesh network. See `docs/reference/action-units.md`.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._options = options if options is not None else Options()
        self._alone, self._compared = _network("alone"), _network("neutral")

    def measure(self, meshes: Floats, angles: Floats, neutrals: Floats | None = None) -> NDArray[np.float32]:
        """Return intensities (n, 23, 2), 0..5, in the order of `labels.ACTION_UNITS`, the subject's left, then right.

        `meshes` (n, 478, 3) picture pixels, z in the same scale; `angles` (n, 3) pitch, yaw, roll in degrees;
        `neutrals`, the same persons without expression, as shapes (n, 468, 3) from `neutral_shape` or as meshes (n,
        478, 3); a row of NaN means that this person's neutral is not known. Units without sides have both alike.
        """
        shapes = shape_of(meshes)
        if not len(shapes):
            return np.zeros((0, len(ACTION_UNITS), 2), np.float32)
        if neutrals is None:
            return self._alone.intensities(inputs_alone(shapes, angles), inputs_alone(*_mirrored(shapes, angles)))
        calm = np.asarray(neutrals, np.float32)
        calm = shape_of(calm) if calm.shape[1] > SHAPE_POINTS else calm
        known = np.asarray(np.isfinite(calm).all(axis=(1, 2)))
        calm = np.where(known[:, None, None], calm, shapes)
        swapped, turned = _mirrored(shapes, angles)
        other = _mirrored(calm, angles)[0]
        result = self._compared.intensities(
            inputs_compared(shapes, angles, calm), inputs_compared(swapped, turned, other)
        )
        if not known.all():
            rows = np.flatnonzero(~known)
            result[rows] = self.measure(meshes[rows], angles[rows])
        return result

    def neutral_shape(self, meshes: Floats, angles: Floats) -> NDArray[np.float32]:
        """Return the pose-free shapes (n, 468, 3) that a baseline averages and stores, in inter-ocular distances.

        `meshes` (n, 478, 3), `angles` (n, 3) as in `measure`.
        """
        return shape_of(meshes)


def shape_of(meshes: Floats) -> NDArray[np.float32]:
    """Return pose-free shapes (n, 468, 3) of (n, 478, 3) meshes: upright, frontal, in units of the mean face."""
    points = np.asarray(meshes, np.float32)
    if not len(points):
        return np.zeros((0, SHAPE_POINTS, 3), np.float32)
    rotations, scales, origins = fit_mean_face(points)
    linear = (rotations / np.maximum(scales, 1e-9)[:, None, None]).astype(np.float32)
    centred = points[:, :SHAPE_POINTS] - origins[:, None].astype(np.float32)
    return np.asarray(centred @ linear, np.float32)


def inputs_alone(shapes: Floats, angles: Floats) -> NDArray[np.float32]:
    """Return what the regressor without a neutral sees, (n, k): steady points, distances, pitch and yaw."""
    chosen = np.asarray(shapes, np.float32)
    return np.concatenate([chosen[:, _rows()].reshape(len(chosen), -1), _spans(chosen), _turn(angles)], axis=1)


def inputs_compared(shapes: Floats, angles: Floats, neutrals: Floats) -> NDArray[np.float32]:
    """Return what the regressor with a neutral sees, (n, k): differences, distances now, pitch and yaw."""
    now, calm = np.asarray(shapes, np.float32), np.asarray(neutrals, np.float32)
    moved = (now - calm)[:, _rows()].reshape(len(now), -1)
    spans = _spans(now)
    return np.concatenate([moved, spans - _spans(calm), spans, _turn(angles)], axis=1)


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
    return np.asarray(_file()["basis"], np.float32)


def triangles() -> NDArray[np.int32]:
    """Return the (898, 3) triangles of the mesh, those inside eyes and mouth included."""
    return np.asarray(_file()["triangles"], np.int32)


class _Network:
    """Three layers of a regressor; what standardises its inputs is part of the first."""

    def __init__(self, weights: list[NDArray[np.float32]]) -> None:
        self._layers = list(zip(weights[::2], weights[1::2], strict=True))

    def intensities(self, plain: NDArray[np.float32], mirrored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, 23, 2) as the mean of a face and of its mirror picture, so that no side is preferred."""
        n = len(plain)
        values = np.concatenate([plain, mirrored])
        for number, (weight, bias) in enumerate(self._layers):
            values = values @ weight + bias
            if number < len(self._layers) - 1:
                np.maximum(values, 0, out=values)
        both = values.reshape(2, n, len(ACTION_UNITS), 2)
        mean = (both[0] + both[1][..., ::-1]) / 2
        whole = _whole_rows()
        mean[:, whole] = mean[:, whole].mean(axis=-1, keepdims=True)
        return np.asarray(np.clip(mean, 0, MAXIMUM), np.float32)


def _network(name: str) -> _Network:
    arrays = _file()
    return _Network([arrays[f"{name}_{part}{layer}"].astype(np.float32) for layer in range(3) for part in "wb"])


def _mirrored(shapes: Floats, angles: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the shapes and angles of the mirror picture."""
    swapped = np.asarray(shapes, np.float32)[:, mirror_map()[:SHAPE_POINTS].astype(np.intp)]
    return swapped * np.array([-1, 1, 1], np.float32), np.asarray(angles, np.float32) * np.array(
        [1, -1, -1], np.float32
    )


def _spans(shapes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the (n, k) distances of `SPANS`."""
    ends = np.array(SPANS)
    return np.asarray(np.linalg.norm(shapes[:, ends[:, 0]] - shapes[:, ends[:, 1]], axis=-1), np.float32)


def _turn(angles: Floats) -> NDArray[np.float32]:
    return np.asarray(angles, np.float32)[:, :2] / np.float32(_ANGLE_UNIT)


@lru_cache(maxsize=1)
def _rows() -> NDArray[np.intp]:
    return np.asarray(_file()["rows"], np.intp)


@lru_cache(maxsize=1)
def _whole_rows() -> NDArray[np.intp]:
    return np.array([row for row, unit in enumerate(ACTION_UNITS) if unit not in SIDED_UNITS], np.intp)


@lru_cache(maxsize=1)
def _file() -> dict[str, NDArray[Any]]:
    with resources.files("mimika.models").joinpath("action_units.npz").open("rb") as file, np.load(file) as arrays:
        return {name: arrays[name] for name in arrays.files}
