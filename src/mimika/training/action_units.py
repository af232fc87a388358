"""Build and train what measures action units. `python recipes/action_units.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.options import Options
from mimika.stages.faces.align import EXPRESSION_CROP, mirror_map
from mimika.stages.measure.action_units import LOWER_UNITS
from mimika.stages.measure.appearance import AppearanceNet, cuts_of
from mimika.stages.measure.changes import ChangeNet
from mimika.stages.measure.eye_region import EyeNet
from mimika.stages.measure.unit_inputs import UPPER_UNITS, upright_of
from mimika.training.action_units_basis import unit_displacements
from mimika.training.action_units_data import FULL_LIP_GAP, UNITS, UnitFaces, lip_gap, residuals, synthetic
from mimika.training.action_units_fit import Lesson, Schedule, changed_lesson, fit, seen_lesson, shape_lesson
from mimika.training.action_units_photos import WarpedFaces, photo_faces, photos_to_learn
from mimika.training.action_units_places import HELD_OUT, MESHES, face_labels, fer_votes
from mimika.training.action_units_weak import HINTED, balance, hinted_units
from mimika.training.expression_extra import answers, unlabelled
from mimika.training.faces_model import Array, FaceModel
from mimika.training.kept import Arrays, kept
from mimika.training.own_meshes import own_meshes
from mimika.training.places import Places
from mimika.training.splits import held_out

MORPHABLE_COUNT = 20000, 2000
"""Faces of the morphable model for training and testing."""
WHITE = 0.006
"""Inter-ocular distances of noise from point to point, added to the errors that our meshes share."""
SHAPE = Schedule(steps=2500, hidden=(192,), batch=384, drop=0.03)
"""How the regressors by shape learn."""
SEEN = Schedule(steps=5000, hidden=(96, 48), batch=384, drop=0.03, decay=0.1)
"""How those learn that look at one picture."""
CHANGED = Schedule(steps=3500, hidden=(128,), batch=384, drop=0.02, decay=0.1)
"""How the regressor learns that compares a face with its neutral by shape and picture."""
TOLD = 0.7
"""Share of real expressions, beside warped photos, among what is learnt from of one picture."""
_TOLD_SETS = ("fer2013-train", "people", "faces")
_VOTED = 5
"""Votes from which on people, not our network, say what a face shows."""
Fine = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]
"""Meshes (n, 478, 3) of our networks, presence (n,), crops (n, 64, 64)."""
Named = tuple[NDArray[np.float32], NDArray[np.uint8], Array]
"""Meshes (n, 478, 3) and crops (n, 64, 64) of faces, and the expressions they are said to show, (n, 8)."""
_APART, _ASKED = 0.05, 0.15
"""Inter-ocular distances between lips that are apart, and the share from which on an expression asks for a unit."""
_STEADY = (33, 133, 362, 263, 168, 6, 1, 4, 2, 98, 327, 10, 127, 356, 234, 454)


def basis_arrays(model: FaceModel) -> dict[str, NDArray[np.generic]]:
    """Return what ships besides weights: displacements, the rows of points that move, triangles."""
    basis = unit_displacements(model)
    moving = np.linalg.norm(basis[:, :, :468], axis=-1).max(axis=(0, 1)) > 0.07
    moving |= moving[mirror_map()[:468].astype(np.intp)]
    moving[list(_STEADY)] = True
    rows = np.flatnonzero(moving).astype(np.int16)
    return {"basis": basis.astype(np.float16), "rows": rows, "triangles": model.faces.astype(np.int16)}


def fine_meshes(places: Places, name: str) -> Fine:
    """Return what our networks see of a set, the eyes looked at closely."""

    def measured() -> Arrays:
        faces, eyes = places.faces(name), EyeNet(Options())
        meshes, presence = own_meshes(faces, places.cache / f"own-{name}.npz")
        side = EXPRESSION_CROP.side
        meshes, cuts = meshes.copy(), np.zeros((len(meshes), side, side), np.uint8)
        for row in np.flatnonzero(faces.found & (presence > 0.5)).tolist():
            # As in the pipeline: what the mesh network says cuts the crop, before the eyes are looked at closely.
            cuts[row] = cuts_of(faces.picture(row), meshes[row : row + 1])[0]
            meshes[row] = eyes.refine(faces.picture(row), meshes[row : row + 1])[0]
        return {"points": meshes, "presence": presence, "cuts": cuts}

    found = kept(places.cache / f"fine-{name}.npz", MESHES, measured, "cuts")
    return found["points"], found["presence"], found["cuts"]


def morphable_faces(places: Places, split: str) -> UnitFaces:
    """Return faces of the morphable model with the errors of our meshes; those of held-out persons in "test"."""

    def drawn() -> Arrays:
        model, test = places.model(), split == "test"
        bank = []
        for name in ("faces", "people", "studio", "clips"):
            faces, (meshes, presence, _) = places.faces(name), fine_meshes(places, name)
            held = np.array([held_out(str(each), HELD_OUT) for each in faces.names])
            rows = np.flatnonzero(faces.found & (presence > 0.5) & (held == test))
            bank.append(residuals(meshes[rows], faces.points[rows]))
        errors = np.concatenate(bank)
        errors = errors[np.linalg.norm(errors, axis=-1).mean(axis=1) < 0.15]
        rng = np.random.default_rng(2 if test else 1)
        made = synthetic(model, unit_displacements(model), errors, rng, MORPHABLE_COUNT[test])
        meshes, neutrals = _rough(made.meshes, rng), _rough(made.neutrals, rng)
        return {"meshes": meshes, "neutrals": neutrals, "intensities": made.intensities}

    return UnitFaces(**kept(places.cache / f"units-morphable-{split}.npz", MESHES, drawn, str(MORPHABLE_COUNT)))


def _rough(meshes: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    eyes = np.linalg.norm(meshes[:, [33, 133]].mean(axis=1) - meshes[:, [362, 263]].mean(axis=1), axis=-1)
    return np.asarray(meshes + rng.normal(0, WHITE, meshes.shape) * eyes[:, None, None], np.float32)


def voted_faces(places: Places, split: str, least: int) -> Named:
    """Return meshes, crops and votes of FER-2013 faces on whose expression at least so many of ten agree."""
    votes, (meshes, presence, cuts) = fer_votes(places, split), fine_meshes(places, f"fer2013-{split}")
    good = (
        (presence > 0.5)
        & np.isfinite(meshes).all(axis=(1, 2))
        & (votes.sum(axis=1) >= 5)
        & (votes.max(axis=1) >= least)
    )
    rows = np.flatnonzero(good)
    return meshes[rows], cuts[rows], votes[rows]


def named_faces(places: Places) -> Named:
    """Return meshes, crops and labels, as votes, of photos called neutral or happy."""
    faces, (meshes, presence, cuts) = places.faces("faces"), fine_meshes(places, "faces")
    labels = face_labels(places)
    rows = np.flatnonzero(faces.found & (presence > 0.5) & np.isin(labels, ("neutral", "happiness")))
    votes = np.array([[10.0 * (label == name) for name in FERPLUS] for label in labels[rows]])
    return meshes[rows], cuts[rows], votes


def told_faces(places: Places) -> Named:
    """Return meshes, crops and expressions, as shares (n, 8), of every face that is not held out.

    The shares are the votes of people where there are any, else what the shipped expression network says.
    """
    parts = []
    for name in _TOLD_SETS:
        faces, (meshes, presence, cuts) = places.faces(name), fine_meshes(places, name)
        rows = faces.found & (presence > 0.5) & np.isfinite(meshes).all(axis=(1, 2))
        if name == "faces":
            rows &= ~np.array([held_out(str(each), HELD_OUT) for each in faces.names])
        votes = fer_votes(places, "train") if name == "fer2013-train" else np.zeros((len(rows), len(FERPLUS)))
        shares = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)
        asked = np.flatnonzero(rows & (votes.sum(axis=1) < _VOTED))
        shares[asked] = _told(places, name, meshes, asked)
        parts.append((meshes[rows], cuts[rows], shares[rows]))
    meshes, cuts, shares = (np.concatenate(each) for each in zip(*parts, strict=True))
    return meshes, cuts, shares


def _told(places: Places, name: str, meshes: NDArray[np.float32], rows: NDArray[np.intp]) -> Array:
    """Return the expression network's (n, 8) answers to the chosen faces of a set."""

    def told() -> Arrays:
        return {"shares": answers(["expression"], unlabelled(places.faces(name), meshes, rows))[0]}

    found = kept(places.cache / f"told-{name}.npz", [*MESHES, "expression"], told, str(len(rows)))
    return np.asarray(found["shares"], np.float64)


def hinted(meshes: NDArray[np.float32], votes: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the shares (n, 23) of the units that faces hold by their expressions and their lips, and which are known.

    How far the lips are apart is AU25, whatever the expression; and where they are apart, an expression that asks for
    no lowered jaw does not say that it is not.
    """
    shares = hinted_units(votes)
    known = np.broadcast_to([unit in HINTED for unit in ACTION_UNITS], shares.shape).astype(np.float32)
    gap = lip_gap(upright_of(meshes))
    shares[:, UNITS["AU25"]] = np.clip(gap / FULL_LIP_GAP, 0, 1)
    for unit in ("AU26", "AU27"):
        known[(gap > _APART) & (shares[:, UNITS[unit]] < _ASKED), UNITS[unit]] = 0
    return shares, known


def changes_of(photos: WarpedFaces) -> NDArray[np.float32]:
    """Return what the network that compares pictures says of warped photos, (n, 23, 2)."""
    return _in_parts(ChangeNet(Options()).measure, photos.portraits[:, 0], photos.portraits[:, 1])


def _in_parts(measure: Callable[..., NDArray[np.float32]], *pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a network says of many pictures, asked about a hundred at a time."""
    count = -(-len(pictures[0]) // 100)
    parts = zip(*(np.array_split(each, count) for each in pictures), strict=True)
    return np.concatenate([measure(*part) for part in parts])


def regressors_compared(places: Places) -> dict[str, NDArray[np.float32]]:
    """Fit the regressors by shape and the one that compares with a neutral's picture; returns their arrays by name."""
    drawn, photos = morphable_faces(places, "train"), photo_faces(places, "train").faces
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, compared in (("neutral", True), ("alone", False)):
        lessons = [shape_lesson(each.meshes, each.neutrals, each.intensities, compared) for each in (drawn, photos)]
        found = fit(Lesson.join((0.5, lessons[0]), (0.5, lessons[1])), SHAPE, shares=False)
        arrays.update({f"{name}_{key}": value for key, value in found.items()})
    # Of the pairs that it learnt from, the network that compares pictures knows more than it will of any other.
    again = photo_faces(places, "again")
    found = fit(changed_lesson(again.faces, changes_of(again)), CHANGED, shares=False)
    arrays.update({f"changed_{key}": value for key, value in found.items()})
    return arrays


def regressors_seen(places: Places) -> dict[str, NDArray[np.float32]]:
    """Fit the two regressors that look at one picture; returns their arrays by name."""
    photos, (meshes, cuts, shares) = photos_to_learn(places), told_faces(places)
    net, moved = AppearanceNet(Options()), photos.faces
    skins = [_in_parts(net.measure, each) for each in (photos.cuts, cuts)]
    hints, known = hinted(meshes, shares)
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, units in (("upper", UPPER_UNITS), ("lower", LOWER_UNITS)):
        columns = [ACTION_UNITS.index(unit) for unit in units]
        every = np.ones(len(units), np.float32)
        wanted, ones = moved.intensities[:, columns] / np.float32(5), np.ones(len(moved), np.float32)
        warped = seen_lesson(moved.meshes, skins[0], wanted, every, ones, name)
        sides = np.repeat(hints[:, columns, None], 2, axis=2)
        real = seen_lesson(meshes, skins[1], sides, np.tile(known[:, columns], (2, 1)), balance(shares), name)
        found = fit(Lesson.join((1 - TOLD, warped), (TOLD, real)), SEEN, shares=True)
        arrays.update({f"{name}_{key}": value for key, value in found.items()})
    return arrays
