"""Pictures with classes for the networks of the field: FER-2013 as it is, or a folder of class folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from mimika.data.errors import InputMissing, OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.evaluation.datasets import open_set
from mimika.evaluation.tables import split_of
from mimika.evaluation.votes import vote_targets
from mimika.training.pictures import read_luma, shards
from mimika.training.splits import held_out

Pictures = NDArray[np.uint8]
Augment = Callable[[Pictures, np.random.Generator], Pictures]

HELD_OUT = 0.2
"""Share of the persons (or names) of a folder without split folders that is kept for validation."""

LABELS = {"fer2013": FER2013, "ferplus": FERPLUS}


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """One split: `pictures` (n, side, side) uint8 luma, `targets` (n, k) shares of the `classes`; rows sum to 1."""

    pictures: Pictures
    targets: NDArray[np.float32]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)


def load_pictures(data: Path, split: str, labels: str, side: int, vote_share: float = 0.0) -> ClassPictures:
    """Read "train", "validation" or "test" of the data sets beside the repository, or of a folder of class folders.

    `data` holds `fer2013/` in parquet, or folders named by class (then a fixed part of the names is held out for both
    validation and test), or such folders below `train`, `validation` and `test`. `labels` is "fer2013" (seven classes),
    "ferplus" (the raters' votes on eight; rows that raters call no face are left out), or "folders". With "fer2013"
    FER+'s votes on the seven may give the share `vote_share` of each target, which tempers doubtful labels.

    Raises:
        InputMissing: there are no such files.
        OptionError: no such labels.
    """
    if labels == "folders":
        return _from_folders(data, split, side)
    if labels not in LABELS:
        raise OptionError(f"data.labels: expected fer2013, ferplus or folders, received {labels!r}")
    name = f"fer2013-{split}"
    tables = [pq.read_table(file, columns=["label", "votes"]) for file in shards(data, name)]
    targets, usable = vote_targets(np.concatenate([np.array(table["votes"].to_pylist(), np.int64) for table in tables]))
    if labels == "fer2013":
        numbers = np.concatenate([table["label"].to_numpy() for table in tables]).astype(np.int64)
        targets, usable = _tempered(numbers, targets * usable[:, None], vote_share), numbers >= 0
    pictures = np.stack([_sized(picture, side) for picture in read_luma(data, name)])
    return ClassPictures(pictures[usable], targets[usable], LABELS[labels])


def _tempered(numbers: NDArray[np.int64], votes: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Blend labels (n,) with vote shares (n, 8): rows whose votes name none of the seven keep their label alone."""
    labels = np.eye(len(FER2013), dtype=np.float32)[numbers]
    seven = votes[:, [FERPLUS.index(name) for name in FER2013]]
    mass = seven.sum(1, keepdims=True)
    return np.where(mass > 0, (1 - share) * labels + share * seven / np.maximum(mass, 1e-6), labels).astype(np.float32)


def _from_folders(data: Path, split: str, side: int) -> ClassPictures:
    """Read a folder of class folders; without split folders the pictures of some persons or names are held out."""
    parted = any(split_of(folder.name) for folder in data.iterdir()) if data.is_dir() else False
    found = open_set(data, split=split if parted else "all", crop="tight")
    if not parted:
        names = found.persons or found.names
        found = found.take(np.array([held_out(name, HELD_OUT) == (split != "train") for name in names]))
    rows = np.flatnonzero(found.truth >= 0)
    if not len(rows):
        raise InputMissing(str(data), f"no pictures in its class folders for {split}")
    targets = np.eye(len(found.classes), dtype=np.float32)[found.truth[rows]]
    return ClassPictures(np.stack([_sized(found.picture(int(row)), side) for row in rows]), targets, found.classes)


def _sized(picture: Pictures, side: int) -> Pictures:
    """Bring a picture to (side, side)."""
    if picture.shape == (side, side):
        return picture
    way = cv2.INTER_AREA if min(picture.shape) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)


class Classified(Dataset[tuple[Tensor, Tensor]]):
    """Luma (1, side, side) float32 0..1 and targets (k,); `augment` gets each picture with a generator of its own."""

    def __init__(self, data: ClassPictures, augment: Augment | None = None) -> None:
        self.data, self.augment = data, augment

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sample."""
        picture = self.data.pictures[index]
        if self.augment is not None:
            picture = self.augment(picture, np.random.default_rng(int(torch.randint(0, 2**31, ()).item())))
        luma = torch.from_numpy(picture[None].astype(np.float32) / 255)
        return luma, torch.from_numpy(self.data.targets[index])
