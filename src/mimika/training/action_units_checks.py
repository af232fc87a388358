"""How much of a movement our mesh follows, and how long action units take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes
from mimika.stages.measure.action_units import ActionUnits, displacements
from mimika.stages.measure.changes import portraits
from mimika.stages.measure.eyes import openness
from mimika.stages.measure.pose import angles_of, fit_mean_face
from mimika.stages.measure.unit_inputs import shape_of
from mimika.training.action_units_data import UnitFaces

_ROUNDS = 300


def followed(faces: UnitFaces) -> dict[str, float]:
    """Return what share of each unit's movement the measured meshes make, by least squares over all faces.

    1 would be a mesh that moves as far as the skin did, 0 one that stays as it is.
    """
    basis = displacements()[:, :, :468].reshape(2 * len(ACTION_UNITS), -1).astype(np.float64)
    moved = (shape_of(faces.meshes) - shape_of(faces.neutrals)).reshape(len(faces), -1).astype(np.float64)
    shares = faces.intensities.reshape(len(faces), -1).astype(np.float64) / 5
    both = np.kron(np.eye(len(ACTION_UNITS)), np.ones((2, 1)))
    matrix = both.T @ ((shares.T @ shares) * (basis @ basis.T)) @ both
    found = np.linalg.solve(matrix, both.T @ (shares * (moved @ basis.T)).sum(axis=0))
    return {unit: round(float(share), 2) for unit, share in zip(ACTION_UNITS, found, strict=True)}


def timing(measure: ActionUnits, mesh: NDArray[np.float32]) -> dict[str, float]:
    """Return milliseconds a face, one at a time: the least and the median of 300.

    "pipeline" is what the pipeline adds for a face whose pose, crop and openness of the eyes it has, which are made
    anyway; "baseline_after_pipeline" what a baseline adds to that, picture and comparison. "picture"
    cuts and fits by itself.
    """
    fit = fit_mean_face(mesh[None])
    angles, opened = angles_of(fit[0]).astype(np.float32), openness(mesh[None])
    luma = np.random.default_rng(0).integers(0, 255, (200, 200)).astype(np.uint8)
    cut = crop(luma, matrices_from_meshes(mesh[None], EXPRESSION_CROP)[0], EXPRESSION_CROP)[None].astype(np.float32)
    neutral, units = shape_of(mesh[None]), measure.measure(mesh[None], angles, cuts=cut)
    known = {"fit": fit, "opened": opened}
    compared = known | {"units": units, "neutrals": neutral, "calm_portraits": portraits(luma, mesh[None])}
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "shape": dict,
        "pipeline": lambda: known | {"cuts": cut},
        "baseline_after_pipeline": lambda: compared | {"portraits": portraits(luma, mesh[None])},
        "picture": lambda: {"luma": luma},
        "picture_and_neutral": lambda: {"luma": luma, "neutrals": neutral},
    }
    result: dict[str, float] = {}
    for name, given in ways.items():
        took = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            measure.measure(mesh[None], angles, **given())
            took.append(1000 * (time.perf_counter() - began))
        result |= {f"{name}_min": round(min(took), 3), f"{name}_median": round(float(np.median(took)), 3)}
    return result
