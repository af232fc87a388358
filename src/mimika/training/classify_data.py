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
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from mimika.data.errors import InputMissing, OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.training.expression_data import vote_targets
from mimika.training.pictures import read_luma, shards
from mimika.training.splits import held_out

Pictures = NDArray[np.uint8]
Augment = Callable[[Pictures, np.random.Generator], Pictures]

LABELS = {"fer2013": FER2013, "ferplus": FERPLUS}


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """One split: `pictures` (n, side, side) uint8 luma, `targets` (n, k) shares of the `classes`; rows sum to 1."""

    pictures: Pictures
    targets: NDArray[np.float32]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)


def load_pictures(data: Path, split: str, labels: str, side: int) -> ClassPictures:
    """Read "train", "validation" or "test" of the data sets beside the repository, or of a folder of class folders.

    `data` holds `fer2013/` in parquet, or folders named by class (then a fixed part of the names is held out for both
    validation and test), or such folders below `train`, `validation` and `test`. `labels` is "fer2013" (seven classes),
    "ferplus" (the raters' votes on eight; rows that raters call no face are left out), or "folders".

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
    if labels == "fer2013":
        numbers = np.concatenate([table["label"].to_numpy() for table in tables]).astype(np.int64)
        usable, targets = numbers >= 0, np.eye(len(FER2013), dtype=np.float32)[numbers]
    else:
        targets, usable = vote_targets(np.concatenate([np.array(t["votes"].to_pylist(), np.int64) for t in tables]))
    pictures = np.stack([_sized(picture, side) for picture in read_luma(data, name)])
    return ClassPictures(pictures[usable], targets[usable], LABELS[labels])


def _from_folders(data: Path, split: str, side: int) -> ClassPictures:
    """Read a folder of class folders; without split folders the pictures of some persons or names are held out."""
    given = data / split
    root = given if given.is_dir() else data
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
    files = [
        (number, file)
        for number, folder in enumerate(folders)
        for file in sorted(folder.rglob("*"))
        if given.is_dir() or held_out(file.name, 0.2) == (split != "train")
    ]
    read = [(number, picture) for number, file in files if (picture := _read(file, side)) is not None]
    if not read:
        raise InputMissing(str(root), f"no pictures in class folders for {split}")
    targets = np.eye(len(folders), dtype=np.float32)[[number for number, _ in read]]
    return ClassPictures(np.stack([picture for _, picture in read]), targets, tuple(f.name for f in folders))


def _read(file: Path, side: int) -> Pictures | None:
    """Return the luma of a picture file, or None if it is none."""
    try:
        with Image.open(file) as image:
            return _sized(np.asarray(image.convert("L")), side)
    except (UnidentifiedImageError, OSError):
        return None


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
