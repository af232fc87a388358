"""Photos made to move by known units and measured by our networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mimika.data.options import Options
from mimika.stages.measure.eye_region import EyeNet
from mimika.stages.measure.eyes import openness
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.measure.pose import head_pose
from mimika.training.action_units_basis import unit_displacements
from mimika.training.action_units_data import MovedPhoto, UnitFaces, draw_units, face_cut, moved_photo
from mimika.training.action_units_places import HELD_OUT, MESHES, calm_portraits, face_labels, fer_votes
from mimika.training.kept import Arrays, kept
from mimika.training.pictures import LabelledFaces
from mimika.training.places import Places
from mimika.training.splits import held_out

PHOTO_COUNT = {"train": 20000, "more": 15000, "again": 10000, "test": 500}
"""Warped photos for training, more of them for networks, for what learns from a network's answers, and for testing."""
MOVED_COUNT = {"train": 10000, "more": 12000}
"""Faces that showed anything before they moved."""
_SEEDS = {"train": 12, "more": 14, "again": 13, "test": 11}
_PHOTO_SETS = ("faces", "studio", "fer2013-train")
_PICTURES = ("cuts", "portraits", "which")
"""What is known of warped photos beside their faces."""
Rows = Callable[[Places, str, LabelledFaces], list[int]]
"""What chooses the rows of a named set."""


@dataclass(frozen=True)
class WarpedFaces:
    """n photos that were made to move, as our networks measure them.

    `cuts` (n, 64, 64) how they look moved, `portraits` (n, 2, 96, 96) moved, then as they were, `which` (n, 2) the set
    and the row in it of each.
    """

    faces: UnitFaces
    cuts: NDArray[np.uint8]
    portraits: NDArray[np.uint8]
    which: NDArray[np.str_]

    @classmethod
    def join(cls, parts: Sequence[WarpedFaces]) -> WarpedFaces:
        """Return all photos of some sets as one."""
        faces = UnitFaces.join([part.faces for part in parts])
        return cls(faces, *(np.concatenate([getattr(part, key) for part in parts]) for key in _PICTURES))


def photo_faces(places: Places, split: str) -> WarpedFaces:
    """Return warped photos of calm faces, those of held-out persons in "test"; "again" warps the others once more."""
    return _warped(places, "photos", split, _calm_rows, PHOTO_COUNT[split])


def photos_to_learn(places: Places) -> WarpedFaces:
    """Return all warped photos that networks and what looks at one picture learn from."""
    return WarpedFaces.join([photo_faces(places, split) for split in ("train", "more")])


def moved_faces(places: Places, split: str) -> WarpedFaces:
    """Return the same of faces that showed anything before they moved; `neutrals` is what they were."""
    return _warped(places, "moved", split, _steady_rows, MOVED_COUNT[split])


def _warped(places: Places, name: str, split: str, chosen: Rows, count: int) -> WarpedFaces:
    file = places.cache / f"units-{name}-{split}.npz"
    found = kept(file, MESHES, lambda: _warp_photos(places, split, chosen, count), f"{count} with cuts")
    faces = UnitFaces(found["meshes"], found["neutrals"], found["intensities"])
    return WarpedFaces(faces, found["cuts"], found["portraits"], found["which"])


def _warp_photos(places: Places, split: str, chosen: Rows, count: int) -> Arrays:
    sets, pool = {name: places.faces(name) for name in _PHOTO_SETS}, _pool(places, split == "test", chosen)
    rng, model = np.random.default_rng(_SEEDS[split]), places.model()
    basis, net, eyes = unit_displacements(model), MeshNet(Options()), EyeNet(Options())
    found: list[MovedPhoto] = []
    which = []
    while len(found) < count:
        name, row = pool[int(rng.integers(len(pool)))]
        cut, mesh = face_cut(sets[name].picture(row), sets[name].points[row], rng.uniform(26, 40))
        made = moved_photo(cut, mesh, draw_units(rng, 1)[0], basis, model.faces, net, eyes, rng)
        if made is not None:
            found.append(made)
            which.append((name, str(row)))
    meshes, neutrals, intensities, cuts, portraits = (np.array(each) for each in zip(*found, strict=True))
    return {
        "which": np.array(which),
        "meshes": meshes,
        "neutrals": neutrals,
        "intensities": intensities.astype(np.float32),
        "cuts": cuts,
        "portraits": portraits,
    }


def calm_pool(places: Places, held: bool) -> list[tuple[str, int]]:
    """Return set and row of photos of calm faces, of the held-out persons or of the others, as often as to be drawn."""
    return _pool(places, held, _calm_rows)


def _pool(places: Places, held: bool, chosen: Rows) -> list[tuple[str, int]]:
    pool = []
    for name in _PHOTO_SETS:
        faces = places.faces(name)
        rows = [row for row in chosen(places, name, faces) if held_out(str(faces.names[row]), HELD_OUT) == held]
        pool += [(name, row) for row in rows for _ in range(12 if name == "studio" else 1)]
    return pool


def _steady_rows(places: Places, name: str, faces: LabelledFaces) -> list[int]:
    """Return faces that are not turned far, whatever they show."""
    rows = np.flatnonzero(faces.found)
    return [int(row) for row in rows[_ahead(faces.points[rows], 35, 30)]]


def _calm_rows(places: Places, name: str, faces: LabelledFaces) -> list[int]:
    """Return faces said to be neutral, lips shut, eyes open, not turned far."""
    if name == "studio":
        calm = calm_portraits(faces)
    elif name == "faces":
        calm = face_labels(places) == "neutral"
    else:
        calm = fer_votes(places, "train")[:, 0] >= 7
        calm &= np.random.default_rng(0).random(len(calm)) < 0.35
    points = faces.points
    eyes = np.linalg.norm(points[:, [33, 133]].mean(axis=1) - points[:, [362, 263]].mean(axis=1), axis=-1)
    shut = np.linalg.norm(points[:, 13] - points[:, 14], axis=-1) < 0.06 * eyes
    rows = np.flatnonzero(calm & faces.found & shut)
    awake = openness(points[rows]).min(axis=1) > 0.6
    return [int(row) for row in rows[_ahead(points[rows], 30, 25) & awake]]


def _ahead(points: NDArray[np.float32], yaw: float, pitch: float) -> NDArray[np.bool_]:
    """Return which (n,) meshes are turned less than so many degrees."""
    angles, _ = head_pose(points, (100, 100))
    return np.asarray((np.abs(angles[:, 1]) < yaw) & (np.abs(angles[:, 0]) < pitch))
