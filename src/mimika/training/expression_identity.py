"""The embedding of the `expression` network: the directions of its features that tell persons apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mimika.stages.faces.align import EXPRESSION_CROP, crop
from mimika.training.expression_data import crop_matrices
from mimika.training.networks.expression import ExpressionNetwork
from mimika.training.pictures import labelled_faces
from mimika.training.splits import held_out, person_of

SHRINKAGE = 0.1
"""Share of the mean variance that is added to the within-person covariance; rare directions are not blown up."""


def identity_crops(
    data: Path, labels: Path, cache: Path, sets: tuple[str, ...] = ("people", "faces")
) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Return the crops (n, 64, 64) of every person with two pictures or more, and whose they are (n,).

    Raises:
        InputMissing: if pictures or the mesh teacher's points are not there.
    """
    crops, names = [], []
    for name in sets:
        faces = labelled_faces(data, labels, cache, name)
        matrices = crop_matrices(faces.points, faces.found)
        for row in np.flatnonzero(faces.found):
            crops.append(crop(np.ascontiguousarray(faces.picture(int(row))), matrices[row], EXPRESSION_CROP))
            names.append(f"{name}/{person_of(str(faces.names[row]))}")
    persons, which, counts = np.unique(np.array(names), return_inverse=True, return_counts=True)
    often = counts[which] > 1
    return np.stack(crops)[often], persons[which][often]


def descriptors(network: ExpressionNetwork, crops: NDArray[np.uint8], batch: int = 128) -> NDArray[np.float64]:
    """Return the descriptors (n, descriptor) of (n, 64, 64) crops."""
    network = network.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, len(crops), batch):
            luma = torch.from_numpy(crops[start : start + batch, None].astype(np.float32) / 255)
            parts.append(network.describe(network.features(luma)).double().numpy())
    return np.concatenate(parts)


def fit_projection(
    features: NDArray[np.float64], persons: NDArray[np.str_], size: int = 128
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the map (size, descriptor) and its centre (descriptor,), after which cosines compare persons.

    Linear discriminant analysis: features are whitened by how one person varies, and the directions in which
    persons differ most are kept. Persons with many pictures count as ten.
    """
    _, which, counts = np.unique(persons, return_inverse=True, return_counts=True)
    weights = (np.minimum(counts, 10) / counts)[which]
    sums = np.zeros((len(counts), features.shape[1]))
    np.add.at(sums, which, features)
    means = sums / counts[:, None]
    share = np.minimum(counts, 10) / np.minimum(counts, 10).sum()
    centre = share @ means
    inside = features - means[which]
    within = (inside * weights[:, None]).T @ inside / weights.sum()
    within += np.eye(len(within)) * SHRINKAGE * np.trace(within) / len(within)
    spread, axes = np.linalg.eigh(within)
    whiten = axes / np.sqrt(spread) @ axes.T
    between = (means - centre) @ whiten
    _, directions = np.linalg.eigh((between * share[:, None]).T @ between)
    projection = directions[:, ::-1][:, :size].T @ whiten
    return projection / np.abs(projection).max(), centre


def is_held_out(persons: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Whether each person is never used for fitting; the same persons as for the mesh."""
    return np.array([held_out(str(person)) for person in persons])


def verification(embeddings: NDArray[np.float64], persons: NDArray[np.str_]) -> dict[str, float]:
    """Compare all pairs of unit embeddings (n, d): area under the curve, and what a 1 % false match rate gives.

    Returns `auc`, `threshold` (cosine above which 1 % of the pairs of different persons lie) and `recall` there.
    """
    cosines = embeddings @ embeddings.T
    first, second = np.triu_indices(len(persons), 1)
    same = persons[first] == persons[second]
    values = cosines[first, second]
    threshold = float(np.quantile(values[~same], 0.99))
    others = np.sort(values[~same])
    auc = float(np.searchsorted(others, values[same]).mean() / len(others))
    return {"auc": auc, "threshold": threshold, "recall": float((values[same] > threshold).mean())}
