"""Faces with known action units: of a morphable face, of real neutral meshes set in motion, of warped photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import ACTION_UNITS, SIDED_UNITS
from mimika.stages.faces.align import EXPRESSION_CROP, MESH_CROP, crop, matrices_from_meshes
from mimika.stages.measure.changes import portraits
from mimika.stages.measure.eye_region import EyeNet
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.measure.pose import fit_mean_face, rotation_of
from mimika.training.faces_model import Array, FaceModel
from mimika.training.warps import Inside, displaced, move, posed

UNITS = {unit: row for row, unit in enumerate(ACTION_UNITS)}
PROTOTYPES: dict[str, tuple[str, ...]] = {
    "happiness": ("AU6", "AU12"),
    "surprise": ("AU1", "AU2", "AU5", "AU26"),
    "anger": ("AU4", "AU7", "AU24"),
    "disgust": ("AU9", "AU10"),
    "sadness": ("AU1", "AU4", "AU15"),
    "fear": ("AU1", "AU2", "AU4", "AU5", "AU20"),
}
"""Units that make up an expression.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the investigator's guide", 2002.
"""
FULL_LIP_GAP = 0.25
"""Inter-ocular distances between the lips that are the maximum of AU25."""
_LIPS = ((13, 14), (82, 87), (312, 317))
_EXCLUDE = (("AU43", "AU5"), ("AU24", "AU25"), ("AU24", "AU26"), ("AU28", "AU25"), ("AU28", "AU26"), ("AU18", "AU20"))
_NUISANCES = ("jawLeft", "jawRight", "jawForward", "cheekPuff_L", "cheekPuff_R", "mouthLeft", "mouthRight")
_LOOKS = ("Up", "Down", "In", "Out")


@dataclass(frozen=True)
class UnitFaces:
    """n faces with known units: `meshes` and the same persons' `neutrals` (n, 478, 3), `intensities` (n, 23, 2)."""

    meshes: NDArray[np.float32]
    neutrals: NDArray[np.float32]
    intensities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.meshes)

    @classmethod
    def join(cls, parts: Sequence[UnitFaces]) -> UnitFaces:
        """Return all faces of some sets as one."""
        return cls(
            np.concatenate([part.meshes for part in parts]),
            np.concatenate([part.neutrals for part in parts]),
            np.concatenate([part.intensities for part in parts]),
        )


def draw_units(rng: np.random.Generator, count: int) -> Array:
    """Return (count, 23, 2) intensities 0..5: a few units at once, some one-sided, some after a prototype."""
    result = np.zeros((count, len(ACTION_UNITS), 2))
    kinds = list(PROTOTYPES.values())
    for face in result:
        active = set(rng.choice(len(ACTION_UNITS), size=int(rng.choice(7, p=_ACTIVE)), replace=False).tolist())
        if rng.random() < 0.3:
            active |= {UNITS[unit] for unit in kinds[int(rng.integers(len(kinds)))] if rng.random() < 0.85}
        for one, other in _EXCLUDE:
            if {UNITS[one], UNITS[other]} <= active:
                active.discard(UNITS[one if rng.random() < 0.5 else other])
        for row in active:
            face[row] = _strengths(rng, ACTION_UNITS[row] in SIDED_UNITS)
        if face[UNITS["AU27"], 0] > 0:
            face[UNITS["AU26"]] = 5.0
    return result


_ACTIVE = np.array([0.12, 0.16, 0.18, 0.18, 0.16, 0.12, 0.08])


def _strengths(rng: np.random.Generator, sided: bool) -> Array:
    level = rng.uniform(0.3, 5.0)
    if not sided:
        return np.array([level, level])
    if rng.random() < 0.25:
        return np.array([level, 0.0]) if rng.random() < 0.5 else np.array([0.0, level])
    return np.clip(level * rng.normal(1.0, 0.12, 2), 0.0, 5.0)


def with_lips(shapes: Array, intensities: Array, basis: Array) -> tuple[Array, Array]:
    """Keep lips from crossing, and let AU25 say how far they are apart, whatever parted them.

    `shapes` (n, 478, 3) pose-free; returns shapes and intensities with AU25 replaced.
    """
    unit = UNITS["AU25"]
    parted = basis[unit].sum(axis=0)
    gain, gap = lip_gap(parted[None])[0], lip_gap(shapes)
    shapes = shapes + (np.maximum(0.005 - gap, 0) / gain)[:, None, None] * parted
    result = intensities.copy()
    result[:, unit] = np.clip(gap / FULL_LIP_GAP, 0, 1)[:, None] * 5.0
    return shapes, result


def lip_gap(shapes: Floats) -> Array:
    """Return how far the lips of (n, 478, 3) pose-free shapes are apart, (n,) inter-ocular distances."""
    return np.asarray(np.mean([shapes[:, low, 1] - shapes[:, up, 1] for up, low in _LIPS], axis=0), np.float64)


def photographed(shapes: Array, rng: np.random.Generator, yaw: float = 15.0, pitch: float = 10.0) -> Array:
    """Return meshes (n, 478, 3) as a camera near by sees pose-free shapes: turned, in perspective, in units of 100 px.

    Depth stays in the same scale and without perspective, as the mesh network gives it.
    """
    meshes = np.empty_like(shapes)
    for row, shape in enumerate(shapes):
        turn = rotation_of(rng.normal(0, pitch), rng.normal(0, yaw), rng.normal(0, 6))
        distance = np.exp(rng.uniform(np.log(6), np.log(30)))
        points = shape @ turn.T
        meshes[row] = points
        meshes[row, :, :2] *= distance / (distance + points[:, 2:] - points[:, 2].mean())
    return meshes * 100.0


def residuals(ours: Floats, teacher: Floats) -> Array:
    """Return (n, 478, 3) what our meshes do wrong, upright and in inter-ocular distances: noise as it really is."""
    rotations, scales, _ = fit_mean_face(teacher)
    wrong = (np.asarray(ours, np.float64) - teacher) / scales[:, None, None]
    wrong -= wrong.mean(axis=1, keepdims=True)
    return np.asarray(np.einsum("nji,npj->npi", rotations, wrong))


def noisy(meshes: Array, bank: Array, rng: np.random.Generator, scale: float = 1.0) -> Array:
    """Add noise from a bank of residuals to meshes (n, 478, 3), each row another one."""
    chosen = bank[rng.integers(len(bank), size=len(meshes))] * scale
    return np.asarray(meshes + posed(chosen, meshes))


def synthetic(model: FaceModel, basis: Array, bank: Array, rng: np.random.Generator, count: int) -> UnitFaces:
    """Return faces of the morphable model: anyone, moved, turned, photographed, with the noise of our mesh."""
    persons = model.neutral + np.einsum(
        "ni,ipc->npc", rng.normal(size=(count, len(model.identities))), model.identities
    )
    units = draw_units(rng, count)
    moved = persons + displaced(persons, basis, units) + _nuisance(model, rng, count)
    moved, units = with_lips(moved, units, basis)
    calm = noisy(photographed(persons, rng), bank, rng)
    seen = noisy(photographed(moved, rng), bank, rng)
    return UnitFaces(seen.astype(np.float32), calm.astype(np.float32), units.astype(np.float32))


def _nuisance(model: FaceModel, rng: np.random.Generator, count: int) -> Array:
    """Return displacements (count, 478, 3) that are no unit: glances, a jaw to the side, puffed cheeks."""
    result = np.zeros((count, *model.neutral.shape))
    for row in result:
        up, out = rng.normal(0, 0.35, 2)
        for side, sign in (("_L", 1.0), ("_R", -1.0)):
            row += abs(up) * model.movement(f"eyeLook{_LOOKS[0 if up > 0 else 1]}{side}")
            row += abs(out) * model.movement(f"eyeLook{_LOOKS[3 if out * sign > 0 else 2]}{side}")
        if rng.random() < 0.25:
            row += rng.uniform(0, 0.6) * model.movement(_NUISANCES[int(rng.integers(len(_NUISANCES)))])
    return result


def moved_meshes(neutrals: Floats, basis: Array, bank: Array, rng: np.random.Generator, count: int) -> UnitFaces:
    """Return real neutral meshes (k, 478, 3), measured by our network, that are set in motion.

    These carry what the network makes of real persons at rest, whom no morphable face has met.
    """
    calm = np.asarray(neutrals, np.float64)[rng.integers(len(neutrals), size=count)]
    shapes, placing = upright(calm)
    units = draw_units(rng, count)
    moved, units = with_lips(shapes + displaced(shapes, basis, units), units, basis)
    meshes = placing(moved)
    again = noisy(calm, bank, rng, 0.7)
    return UnitFaces(meshes.astype(np.float32), again.astype(np.float32), units.astype(np.float32))


class MovedPhoto(NamedTuple):
    """A photo that was made to move, as our networks measure it.

    `mesh`, `neutral` (478, 3) after and before; `intensities` (23, 2) with AU25 mended; `cut` (64, 64) the crop of the
    expression network after; `portraits` (2, 96, 96) after and before.
    """

    mesh: NDArray[np.float32]
    neutral: NDArray[np.float32]
    intensities: Array
    cut: NDArray[np.uint8]
    portraits: NDArray[np.uint8]


def moved_photo(
    picture: NDArray[np.uint8],
    mesh: Floats,
    units: Array,
    basis: Array,
    faces: NDArray[np.int32],
    net: MeshNet,
    eyes: EyeNet,
    rng: np.random.Generator,
) -> MovedPhoto | None:
    """Warp a photo by units (23, 2) and a small turn of the head and measure it with the mesh network.

    Returns None where the network lost the face.
    """
    shapes, _ = upright(np.asarray(mesh, np.float64)[None])
    moved, mended = with_lips(shapes + displaced(shapes, basis, units[None]), units[None], basis)
    rotations, scales, origins = fit_mean_face(np.asarray(mesh, np.float64)[None])
    turn = rotation_of(rng.normal(0, 5), rng.normal(0, 8), rng.normal(0, 5)) @ rotations[0]
    target = scales[0] * moved[0] @ turn.T + origins[0]
    inside = Inside(int(rng.integers(15, 70)), int(rng.integers(120, 230)) if rng.random() < 0.5 else 0)
    warped, truth = move(picture, mesh, target - mesh, faces, inside)
    grain = rng.normal(0, rng.uniform(0, 5), warped.shape)
    warped = np.asarray(np.clip(warped + grain + rng.normal(0, 12), 0, 255), np.uint8)
    found = [
        net.settle(seen, matrices_from_meshes(points[None], MESH_CROP), np.array([True]), 1)
        for seen, points in ((warped, truth), (picture, np.asarray(mesh, np.float32)))
    ]
    if min(float(presence[0]) for _, presence in found) < 0.5:
        return None
    pictures, meshes = (warped, picture), [mesh for mesh, _ in found]
    own = [eyes.refine(seen, mesh) for seen, mesh in zip(pictures, meshes, strict=True)]
    kept = [portraits(seen, mesh) for seen, mesh in zip(pictures, meshes, strict=True)]
    cut = crop(warped, matrices_from_meshes(meshes[0], EXPRESSION_CROP)[0], EXPRESSION_CROP)
    return MovedPhoto(own[0][0], own[1][0], mended[0], cut, np.concatenate(kept))


def face_cut(
    picture: NDArray[np.uint8], mesh: Floats, unit: float = 42.0
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Cut a face out of a photo so that its inter-ocular distance is `unit` px; returns the cut and its mesh."""
    points = np.asarray(mesh, np.float64)
    eyes = np.linalg.norm(points[[33, 133]].mean(axis=0) - points[[362, 263]].mean(axis=0))
    side, scale = round(4.6 * unit), unit / max(float(eyes), 1e-6)
    centre = (points[:468, :2].min(axis=0) + points[:468, :2].max(axis=0)) / 2
    matrix = np.column_stack([np.eye(2) * scale, side / 2 - scale * centre])
    flags = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
    cut = cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    moved = points * scale
    moved[:, :2] += matrix[:, 2]
    return np.asarray(cut, np.uint8), moved.astype(np.float32)


def upright(meshes: Array) -> tuple[Array, Callable[[Array], Array]]:
    """Return pose-free shapes (n, 478, 3), and what puts shapes back where the meshes were."""
    rotations, scales, origins = fit_mean_face(meshes)
    shapes = np.einsum("nji,npj->npi", rotations, meshes - origins[:, None]) / scales[:, None, None]

    def placing(moved: Array) -> Array:
        return np.asarray(scales[:, None, None] * np.einsum("nij,npj->npi", rotations, moved) + origins[:, None])

    return np.asarray(shapes), placing
