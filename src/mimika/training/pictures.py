"""Pictures of the shared data sets, decoded once to luma and kept in one memory-mapped array."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from mimika.data.errors import InputMissing


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """Face pictures with the teacher's meshes.

    `luma` (n, side, side) uint8, smaller pictures in the upper left corner; `sizes` (n, 2) width and height; `points`
    (n, 478, 3) pixels; `found` (n,) whether the teacher saw a face; `names` (n,).
    """

    luma: NDArray[np.uint8]
    sizes: NDArray[np.int32]
    points: NDArray[np.float32]
    found: NDArray[np.bool_]
    names: NDArray[np.str_]

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Return the (height, width) luma of one row."""
        width, height = self.sizes[row]
        return self.luma[row, :height, :width]

    def __len__(self) -> int:
        return len(self.points)


def shards(data: Path, name: str) -> list[Path]:
    """Return the parquet files of a set such as "faces" or "fer2013-train", in order.

    Raises:
        InputMissing: if there are none.
    """
    folder, _, split = name.partition("-")
    files = sorted((data / folder).glob(f"{split}*.parquet"))
    if not files:
        raise InputMissing(str(data / folder), "no parquet files of this set")
    return files


def read_luma(data: Path, name: str) -> Iterator[NDArray[np.uint8]]:
    """Yield the luma of each picture of a set, in file and row order."""
    for file in shards(data, name):
        for row in pq.read_table(file, columns=["image"]).column("image"):
            yield np.asarray(Image.open(io.BytesIO(row["bytes"].as_py())).convert("L"))


def labelled_faces(data: Path, labels: Path, cache: Path, name: str) -> LabelledFaces:
    """Return one set with the labels that `recipes/teachers/label_mesh.py` wrote to `labels`.

    Raises:
        InputMissing: if the labels or the pictures are not there.
    """
    file = labels / f"{name}.npz"
    if not file.exists():
        raise InputMissing(str(file), "no teacher labels; run recipes/teachers/label_mesh.py first")
    with np.load(file) as arrays:
        kept = {key: arrays[key] for key in arrays.files}
    if "images" in kept:
        luma = kept["images"]
        sizes = np.full((len(luma), 2), luma.shape[1:][::-1], np.int32)
    else:
        luma, sizes = _decoded(data, cache, name, len(kept["points"]))
    return LabelledFaces(luma, sizes, kept["points"], kept["found"], kept["name"])


def _decoded(data: Path, cache: Path, name: str, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Read the decoded pictures from the cache, or decode and write them."""
    pixels, sizes = cache / f"{name}-luma.npy", cache / f"{name}-sizes.npy"
    if not sizes.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pictures = list(read_luma(data, name))
        side = max(max(picture.shape) for picture in pictures)
        array = open_memmap(pixels, mode="w+", dtype=np.uint8, shape=(count, side, side))
        for row, picture in enumerate(pictures):
            array[row, : picture.shape[0], : picture.shape[1]] = picture
        array.flush()
        np.save(sizes, np.array([picture.shape[::-1] for picture in pictures], np.int32))
    return np.load(pixels, mmap_mode="r"), np.load(sizes)
