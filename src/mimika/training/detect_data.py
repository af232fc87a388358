"""Pictures and labels of the `detect` task: photos boxed by people, faces pasted into scenes, scenes without faces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from mimika.data.errors import InputMissing
from mimika.data.geometry import iou
from mimika.training import augment, composites
from mimika.training.composites import Luma, Scene
from mimika.training.pictures import LabelledFaces, labelled_faces, read_luma, shards
from mimika.training.splits import HELD_OUT_SHARE, held_out

Thing = TypeVar("Thing")

MAX_FACES = 128
"""Rows of the label array of one scene."""

COLUMNS = 16
"""Box x0, y0, x1, y1; five points; 1 where those are known; 1 for a face, 2 for one to ignore, 0 for an empty row."""

SETS = ("faces", "people")
"""Faces to paste. `studio/` is left for the test."""

NEGATIVE_SHARES = {"test": 0.3, "validation": 0.15}
_MATCH = 0.4
_SURE = 0.5

CHANCES: dict[augment.Augmentation, float] = {
    augment.light: 0.5,
    augment.shade: 0.1,
    augment.coarse: 0.08,
    augment.blur: 0.1,
    augment.motion: 0.1,
    composites.dark: 0.07,
    composites.grain: 0.3,
    augment.jpeg: 0.15,
}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with the labels of its faces, and the split that its source put it in."""

    luma: Luma
    faces: Scene
    split: str


@dataclass(slots=True)
class Material:
    """What scenes are made of."""

    photos: list[Photo]
    faces: list[tuple[LabelledFaces, NDArray[np.intp]]]
    backgrounds: list[Luma]


def negative_split(name: str) -> str:
    """Return "train", "validation" or "test" for a picture of `negatives/`, by its name."""
    draw = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    if draw < NEGATIVE_SHARES["test"]:
        return "test"
    return "validation" if draw < sum(NEGATIVE_SHARES.values()) else "train"


def person_split(name: str) -> str:
    """Return "train", "validation" or "test" for a picture of `faces/` or `people/`, by the person's name.

    Half of the persons that no recipe trains on are for the test.
    """
    if held_out(name, HELD_OUT_SHARE / 2):
        return "test"
    return "validation" if held_out(name) else "train"


def read_negatives(data: Path, *splits: str) -> list[Luma]:
    """Return the luma of the pictures without faces that belong to the given splits."""
    names = [name for file in shards(data, "negatives") for name in _paths(file)]
    chosen = zip(names, read_luma(data, "negatives"), strict=True)
    return [luma for name, luma in chosen if negative_split(name) in splits]


def _paths(file: Path) -> list[str]:
    return [row["path"].as_py() for row in pq.read_table(file, columns=["image"]).column("image")]


def read_photos(data: Path, labels: Path) -> list[Photo]:
    """Return all photos; train and validation ones carry the teacher's points and its boxes to ignore.

    Raises:
        InputMissing: if `recipes/teachers/label_detect.py` has not been run.
    """
    file = labels / "detect-photos.npz"
    if not file.exists():
        raise InputMissing(str(file), "no teacher labels; run recipes/teachers/label_detect.py first")
    with np.load(file) as arrays:
        teacher = {name: arrays[name] for name in arrays.files}
    tables = [pq.read_table(shard, columns=["boxes", "split"]).to_pylist() for shard in shards(data, "photos")]
    photos = []
    for row, (luma, facts) in enumerate(zip(read_luma(data, "photos"), chain.from_iterable(tables), strict=True)):
        mine = teacher["row"] == row
        human = np.asarray(facts["boxes"], np.float32).reshape(-1, 4)
        faces = _labelled(luma, human, teacher["boxes"][mine], teacher["points"][mine], teacher["scores"][mine])
        photos.append(Photo(luma, faces, facts["split"]))
    return photos


def _labelled(
    luma: Luma,
    human: NDArray[np.float32],
    seen: NDArray[np.float32],
    points: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> Scene:
    """Join human boxes with the teacher's points; what only the teacher saw is ignored."""
    scene = Scene.of(luma)
    overlap = iou(human, seen)
    for row, box in enumerate(_corners(human)):
        best = int(overlap[row].argmax()) if len(seen) else -1
        known = best >= 0 and overlap[row, best] >= _MATCH
        scene.add(box, points[best] if known else np.zeros((5, 2)), known)
    taken = overlap.max(0) >= _MATCH if len(human) else np.zeros(len(seen), bool)
    for extra in np.flatnonzero(~taken & (scores >= _SURE)):
        scene.add(_corners(seen[extra : extra + 1])[0], points[extra], True, ignored=True)
    return scene


def _corners(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def read_material(data: Path, labels: Path, cache: Path, split: str) -> Material:
    """Return what the train or validation scenes are made of; persons and scenes are never in both."""
    faces = []
    for name in SETS:
        pictures = labelled_faces(data, labels, cache, name)
        mine = np.array([person_split(str(name)) == split for name in pictures.names])
        faces.append((pictures, np.flatnonzero(pictures.found & mine)))
    photos = [photo for photo in read_photos(data, labels) if photo.split == split]
    return Material(photos, faces, read_negatives(data, split))


class DetectScenes(Dataset[tuple[Tensor, Tensor]]):
    """Scenes of `side` pixels: luma (1, side, side) uint8 and labels (MAX_FACES, COLUMNS) float32.

    `shares` are the chances of a photo, of pasted faces, and of a scene without a face. Without a `seed` each call
    makes a new scene; with one, an index always gives the same.
    """

    def __init__(
        self,
        material: Material,
        length: int,
        side: int,
        shares: tuple[float, ...] = (0.45, 0.28, 0.27),
        seed: int | None = None,
    ) -> None:
        self.material, self.length, self.side, self.seed = material, length, side, seed
        self.shares = np.array(shares) / np.sum(shares)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        cv2.setNumThreads(1)
        fresh = int(torch.randint(0, 2**62, ()).item()) if self.seed is None else self.seed + index
        rng = np.random.default_rng(fresh)
        kind = int(rng.choice(3, p=self.shares))
        canvas = composites.background(_pick(self.material.backgrounds, rng), self.side, rng)
        if kind == 0:
            photo = _pick(self.material.photos, rng)
            scene = composites.photo_scene(photo.luma, photo.faces, canvas, rng)
        else:
            scene = Scene.of(canvas)
        if kind == 1 or (kind == 0 and rng.random() < 0.15):
            self._paste(scene, rng)
        scene = composites.clipped(scene)
        luma = augment.apply(scene.luma, CHANCES, rng)
        return torch.from_numpy(np.ascontiguousarray(luma)[None]), torch.from_numpy(label_rows(scene))

    def _paste(self, scene: Scene, rng: np.random.Generator) -> None:
        count = int(rng.choice((1, 2, 3, 5, 8), p=(0.4, 0.25, 0.15, 0.12, 0.08)))
        largest = {1: 420, 2: 200, 3: 150}.get(count, 100)
        # A picture that is little but a face has too few others beside it to be learned from by chance.
        close = count == 1 and rng.random() < 0.5
        for _ in range(count):
            faces, rows = self.material.faces[int(rng.integers(len(self.material.faces)))]
            row = int(rng.choice(rows))
            size = float(rng.uniform(110, 400) if close else np.exp(rng.uniform(np.log(12), np.log(largest))))
            centre = (rng.uniform(0.3, 0.7, 2) if close else rng.uniform(0, 1, 2)) * self.side
            degrees = float(rng.uniform(-45, 45) if rng.random() < 0.5 else rng.normal(0, 8))
            picture = np.ascontiguousarray(faces.picture(row))
            composites.paste(scene, picture, faces.points[row], size, degrees, centre, rng)


def label_rows(scene: Scene) -> NDArray[np.float32]:
    """Return the (MAX_FACES, COLUMNS) label array of a scene."""
    rows = np.zeros((MAX_FACES, COLUMNS), np.float32)
    count = min(len(scene.boxes), MAX_FACES)
    rows[:count, :4] = scene.boxes[:count]
    rows[:count, 4:14] = scene.points[:count].reshape(-1, 10)
    rows[:count, 14] = scene.known[:count]
    rows[:count, 15] = np.where(scene.ignored[:count], 2, 1)
    return rows


def _pick(things: list[Thing], rng: np.random.Generator) -> Thing:
    return things[int(rng.integers(len(things)))]
