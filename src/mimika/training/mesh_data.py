"""What the `mesh` network is shown: augmented crops of labelled faces, turned heads, halves of faces, empty scenes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from mimika.data.geometry import similarity, transform
from mimika.stages.faces import align
from mimika.training import augment, turned
from mimika.training.pictures import LabelledFaces
from mimika.training.splits import held_out

SPEC = align.MESH_CROP
CHANCES: dict[augment.Augmentation, float] = {
    augment.occlude: 0.2,
    augment.light: 0.6,
    augment.shade: 0.15,
    augment.coarse: 0.2,
    augment.blur: 0.15,
    augment.motion: 0.1,
    augment.noise: 0.3,
    augment.jpeg: 0.1,
}


class MeshFaces(Dataset[dict[str, Any]]):
    """Augmented crops of labelled faces, with a share of crops that show no face or half of one.

    An item is `luma` (1, side, side) float32 0..1, `points` (478, 3) crop pixels, `scale` crop pixels an inter-ocular
    distance, and `presence` 1 or 0. `weights` says how often each set is drawn; an epoch has `length` items. While
    `mild` is set, hard cases are three times rarer, so that a network that has seen them settles on what faces mostly
    look like, and nothing is mirrored: the teacher is not symmetric, a mirrored label is not what it would have said.
    """

    def __init__(
        self,
        sets: list[tuple[LabelledFaces, NDArray[np.intp]]],
        weights: list[float],
        scenes: list[NDArray[np.uint8]],
        length: int,
        triangles: NDArray[np.int32] | None,
        *,
        absent: float = 0.12,
        turned_share: float = 0.15,
    ) -> None:
        self.sets, self.scenes, self.length, self.triangles = sets, scenes, length, triangles
        self.chances = np.array(weights) / np.sum(weights)
        self.absent, self.turned_share = absent, turned_share
        self._mild = torch.zeros(1).share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return self.length

    @property
    def mild(self) -> bool:
        """Whether hard cases are rare just now; loader processes see a change at once."""
        return bool(self._mild.item())

    @mild.setter
    def mild(self, value: bool) -> None:
        self._mild.fill_(float(value))

    def __getitem__(self, index: int) -> dict[str, Any]:
        rare = 1 / 3 if self.mild else 1.0
        rng = np.random.default_rng(int(torch.randint(0, 2**31, ()).item()))
        faces, rows = self.sets[rng.choice(len(self.sets), p=self.chances)]
        row = int(rng.choice(rows))
        picture, points = np.ascontiguousarray(faces.picture(row)), faces.points[row]
        present = rng.random() >= self.absent * rare
        if present:
            luma, mesh = self._present(picture, points, rng, rare)
        elif self.scenes and rng.random() < 0.5:
            luma, mesh = scene_crop(self.scenes[int(rng.integers(len(self.scenes)))], rng), points
        else:
            luma, mesh = half_face(picture, points, rng)
        luma = augment.apply(luma, {kind: chance * (rare + 1) / 2 for kind, chance in CHANCES.items()}, rng)
        return item(luma, mesh, present)

    def _present(
        self, picture: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator, rare: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        if not self.mild and rng.random() < 0.5:
            picture, points = mirrored(picture, points)
        if self.triangles is not None and rng.random() < self.turned_share * rare:
            angles = rotation_draw(rng)
            picture, points = turned.turn(picture, points, turned.rotation(*angles), self.triangles)
        matrix = jittered(align.matrices_from_meshes(points[None], SPEC)[0], rng, wild=0.3 * rare)
        luma = align.crop(picture, matrix, SPEC)
        return luma, transform(matrix[None], points[None])[0].astype(np.float32)


def rotation_draw(rng: np.random.Generator) -> tuple[float, float]:
    """Draw a turn: pitch up to ±30°, yaw up to ±60°."""
    return float(rng.uniform(-30, 30)), float(rng.uniform(-60, 60))


def item(luma: NDArray[np.uint8], mesh: NDArray[np.float32], present: bool) -> dict[str, Any]:
    """Make the sample of one crop."""
    eyes = align.five_points(mesh[None])[0, :2]
    return {
        "luma": torch.from_numpy(luma[None].astype(np.float32) / 255),
        "points": torch.from_numpy(np.ascontiguousarray(mesh, np.float32)),
        "scale": np.float32(max(1.0, float(np.linalg.norm(eyes[1] - eyes[0])))),
        "presence": np.float32(present),
    }


def mirrored(picture: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mirror a picture and its mesh left to right."""
    flipped = points[align.mirror_map()].copy()
    flipped[:, 0] = picture.shape[1] - 1 - flipped[:, 0]
    return np.ascontiguousarray(picture[:, ::-1]), flipped


def jittered(matrix: NDArray[np.float64], rng: np.random.Generator, wild: float = 0.3) -> NDArray[np.float64]:
    """Disturb a crop: mostly as little as tracking does, sometimes (`wild`, 0..1) with up to ±60° of roll."""
    far = rng.random() < wild
    angle = rng.uniform(-60, 60) if far else rng.normal(0, 7)
    scale = np.exp(rng.normal(0, 0.14 if far else 0.06))
    shift = rng.normal(0, 0.06 if far else 0.03, 2) * SPEC.side
    radians = np.radians(angle)
    cos, sin = scale * np.cos(radians), scale * np.sin(radians)
    return augment.disturbed(matrix, np.array([[cos, -sin], [sin, cos]]), shift, SPEC.side)


def scene_crop(scene: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Cut a random square of a picture without faces."""
    side = int(rng.uniform(0.15, 0.9) * min(scene.shape))
    x, y = int(rng.integers(0, scene.shape[1] - side + 1)), int(rng.integers(0, scene.shape[0] - side + 1))
    return np.asarray(
        cv2.resize(scene[y : y + side, x : x + side], (SPEC.side, SPEC.side), interpolation=cv2.INTER_AREA), np.uint8
    )


def half_face(
    picture: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a crop that has lost half of the face or more: shifted, far too large or far too small, or covered."""
    matrix = jittered(align.matrices_from_meshes(points[None], SPEC)[0], rng)
    kind = rng.integers(3)
    if kind == 0:
        angle = rng.uniform(0, 2 * np.pi)
        matrix[:, 2] += np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.45, 0.9) * SPEC.side
    elif kind == 1:
        factor = rng.uniform(2.2, 4.0)
        focus = rng.uniform(0.2, 0.8, 2) * SPEC.side
        matrix[:, 2] = (matrix[:, 2] - focus) * factor + SPEC.side / 2
        matrix[:, :2] *= factor
    luma = align.crop(picture, matrix, SPEC)
    mesh = transform(matrix[None], points[None])[0].astype(np.float32)
    if kind == 2:
        luma = luma.copy()
        cover_half(luma, mesh, rng)
    return luma, mesh


def cover_half(luma: NDArray[np.uint8], mesh: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Paint over one side of a line through the middle of the face, in place."""
    centre = mesh[:468, :2].mean(0)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[: luma.shape[0], : luma.shape[1]]
    side = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle) > rng.uniform(-0.3, 0.0) * SPEC.side
    cover = rng.normal(rng.uniform(0, 255), rng.uniform(0, 30), luma.shape)
    luma[side] = np.clip(cover, 0, 255).astype(np.uint8)[side]


class HeldOutFaces(Dataset[dict[str, Any]]):
    """Faces of unseen persons, cropped from the teacher's five points with 4 % noise, the same each time."""

    def __init__(self, sets: list[tuple[LabelledFaces, NDArray[np.intp]]]) -> None:
        self.items = [(faces, int(row)) for faces, rows in sets for row in rows]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        faces, row = self.items[index]
        points = faces.points[row]
        five = align.five_points(points[None])
        distance = float(np.linalg.norm(five[0, 1] - five[0, 0]))
        disturbed = five + np.random.default_rng(index).normal(0, 0.04 * distance, five.shape)
        matrix = align.matrices_from_five(disturbed, SPEC)
        luma = align.crop(np.ascontiguousarray(faces.picture(row)), matrix[0], SPEC)
        return item(luma, transform(matrix, points[None])[0].astype(np.float32), True)


def rows_of(faces: LabelledFaces, wanted: bool) -> NDArray[np.intp]:
    """Return the rows with a teacher's label whose person is (or is not) held out."""
    out = np.array([held_out(str(name)) for name in faces.names])
    return np.flatnonzero(faces.found & plausible(faces) & (out == wanted))


def plausible(faces: LabelledFaces) -> NDArray[np.bool_]:
    """Whether the teacher's mesh is a face at all: not collapsed, and close to a similarity image of the mean face."""
    template = align.mean_face()[:, :2]
    fit = similarity(faces.points[..., :2], template)
    back = transform(fit, faces.points[..., :2])
    residual = np.linalg.norm(back - template, axis=2).mean(1)
    size = 1 / np.maximum(np.hypot(fit[:, 0, 0], fit[:, 1, 0]), 1e-9)
    return np.asarray((residual < 0.35) & (size > 8))
