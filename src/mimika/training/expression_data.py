"""FER-2013 with FER+ votes as the `expression` network learns it: aligned crops and soft targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from mimika.data.errors import InputMissing
from mimika.evaluation.votes import vote_targets
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes
from mimika.training import augment
from mimika.training.pictures import read_luma, shards

CHANCES: dict[augment.Augmentation, float] = {
    augment.light: 0.8,
    augment.shade: 0.12,
    augment.blur: 0.08,
    augment.coarse: 0.15,
    augment.motion: 0.06,
    augment.noise: 0.12,
    augment.jpeg: 0.1,
    augment.occlude: 0.25,
}
SHIFT, SCALE, TURN, STRETCH = 0.035, 0.07, 6.0, 0.03
"""Standard deviations of the crop's errors: share of its side, logarithm of scale, degrees, logarithm of the aspect."""


@dataclass(frozen=True, slots=True)
class ExpressionFaces:
    """One split.

    `pictures` n of (height, width) uint8, 48 px in FER-2013; `matrices` (n, 2, 3) picture to crop; `votes` (n, 10);
    `labels` (n,), -1 where none; `points` (n, 478, 3) the teacher's meshes in picture pixels and whether they were
    `found` (n,).
    """

    pictures: Sequence[NDArray[np.uint8]]
    matrices: NDArray[np.float64]
    votes: NDArray[np.int64]
    labels: NDArray[np.int64]
    points: NDArray[np.float32]
    found: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> ExpressionFaces:
        """Return the chosen rows, given as a mask (n,) or as numbers."""
        rows = np.arange(len(self))[rows]
        return ExpressionFaces(
            [self.pictures[row] for row in rows], self.matrices[rows], self.votes[rows], self.labels[rows],
            self.points[rows], self.found[rows],
        )  # fmt: skip

    def joined(self, more: ExpressionFaces) -> ExpressionFaces:
        """Return these faces followed by others."""
        return ExpressionFaces(
            pictures=[*self.pictures, *more.pictures],
            matrices=np.concatenate([self.matrices, more.matrices]),
            votes=np.concatenate([self.votes, more.votes]),
            labels=np.concatenate([self.labels, more.labels]),
            points=np.concatenate([self.points, more.points]),
            found=np.concatenate([self.found, more.found]),
        )


def load_split(data: Path, teacher: Path, split: str) -> ExpressionFaces:
    """Read "train", "validation" or "test" of FER-2013 with the mesh teacher's points from `teacher`.

    A face that the teacher did not find is cropped where faces of its split usually are (the median matrix).

    Raises:
        InputMissing: if pictures or points are not there.
    """
    name = f"fer2013-{split}"
    points = teacher / f"{name}.npz"
    if not points.exists():
        raise InputMissing(str(points), "no teacher labels; run recipes/teachers/label_mesh.py first")
    tables = [pq.read_table(file, columns=["label", "votes"]) for file in shards(data, name)]
    with np.load(points) as arrays:
        meshes, found = arrays["points"], arrays["found"]
    return ExpressionFaces(
        pictures=list(read_luma(data, name)),
        matrices=crop_matrices(meshes, found),
        votes=np.concatenate([np.array(table["votes"].to_pylist(), np.int64) for table in tables]),
        labels=np.concatenate([table["label"].to_numpy() for table in tables]).astype(np.int64),
        points=meshes,
        found=found,
    )


def crop_matrices(points: NDArray[np.float32], found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the (n, 2, 3) matrices of (n, 478, 3) meshes; the median of the found ones where none was found."""
    matrices = np.empty((len(points), 2, 3))
    matrices[found] = matrices_from_meshes(points[found], EXPRESSION_CROP)
    matrices[~found] = np.median(matrices[found], axis=0)
    return matrices


class ExpressionCrops(Dataset[tuple[Tensor, ...]]):
    """Crops (1, 64, 64) float32 0..1 with what is to be learned of them.

    A sample is crop, vote targets (8,), their weight 0 or 1, label 0..6 or -1, its number, and whether it was mirrored.
    With `augment` the crop errs, as the product's own crop does, and the picture is mirrored and degraded, by chances
    drawn from torch's generator, so that every loading process and every epoch has its own; `strength` is the share of
    that, 1 all of it. Faces without any truth are left out unless `unlabelled`.
    """

    def __init__(
        self, faces: ExpressionFaces, augment: bool = False, unlabelled: bool = False, strength: float = 1.0
    ) -> None:
        targets, usable = vote_targets(faces.votes)
        rows = np.flatnonzero(usable | (faces.labels >= 0) | unlabelled)
        self.faces, self.rows = faces, rows
        self.targets = torch.from_numpy(targets[rows])
        self.weights = torch.from_numpy(usable[rows].astype(np.float32))
        self.labels = torch.from_numpy(faces.labels[rows])
        self.augment, self.strength = augment, strength

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Return one sample."""
        row = self.rows[index]
        picture, matrix = self.faces.pictures[row], self.faces.matrices[row]
        mirror = False
        if self.augment:
            rng = np.random.default_rng(int(torch.randint(0, 2**31, ()).item()))
            mirror = bool(rng.random() < 0.5)
            luma = augmented(picture, matrix, rng, mirror, self.strength)
        else:
            luma = crop(picture, matrix, EXPRESSION_CROP)
        tensor = torch.from_numpy(luma[None].astype(np.float32) / 255)
        number, side = torch.tensor(index), torch.tensor(mirror)
        return tensor, self.targets[index], self.weights[index], self.labels[index], number, side


def augmented(
    picture: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    rng: np.random.Generator,
    mirror: bool,
    strength: float = 1.0,
) -> NDArray[np.uint8]:
    """Cut an erring crop out of `picture`, mirror it on request and degrade it; `strength` is the share of both."""
    luma = crop(picture, jittered(matrix, rng, strength), EXPRESSION_CROP)
    if mirror:
        luma = np.asarray(cv2.flip(luma, 1), np.uint8)
    return augment.apply(luma, {kind: strength * chance for kind, chance in CHANCES.items()}, rng)


def jittered(matrix: NDArray[np.float64], rng: np.random.Generator, strength: float = 1.0) -> NDArray[np.float64]:
    """Turn, scale, stretch and shift a picture-to-crop matrix about the crop's centre, by what a mesh errs and more."""
    side = EXPRESSION_CROP.side
    angle, scale, stretch, *shift = strength * rng.normal(
        0, (np.radians(TURN), SCALE, STRETCH, SHIFT * side, SHIFT * side)
    )
    cos, sin, zoom = np.cos(angle), np.sin(angle), np.exp(scale)
    linear = np.array([[cos, -sin], [sin, cos]]) * zoom * np.array([np.exp(stretch), np.exp(-stretch)])
    return augment.disturbed(matrix, linear, np.array(shift), side)
