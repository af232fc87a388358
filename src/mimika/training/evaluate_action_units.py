"""How well action units are measured. `python -m mimika.training.evaluate_action_units --help`."""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mimika.data.labels import ACTION_UNITS
from mimika.stages.measure.action_units import ActionUnits, displacements
from mimika.stages.measure.changes import Portraits, portraits
from mimika.stages.measure.eyes import gaze, openness
from mimika.stages.measure.pose import angles_of, fit_mean_face
from mimika.stages.measure.unit_inputs import shape_of
from mimika.training.action_units import WHITE, fine_meshes, morphable_faces, named_faces, voted_faces
from mimika.training.action_units_checks import followed, timing
from mimika.training.action_units_data import UNITS, UnitFaces
from mimika.training.action_units_fit import mirror, shape_inputs
from mimika.training.action_units_photos import photo_faces
from mimika.training.action_units_places import HELD_OUT, calm_portraits
from mimika.training.action_units_scores import agreement, area, prototypes
from mimika.training.own_meshes import own_meshes
from mimika.training.places import Places
from mimika.training.splits import held_out

Array = NDArray[np.float32]


class Skins(ActionUnits):
    """Measures by crops (n, 64, 64) that were cut out earlier instead of by pictures."""

    def by_picture(
        self, meshes: Array, cuts: NDArray[np.uint8], neutrals: Array | None = None, pairs: Portraits | None = None
    ) -> Array:
        """Return intensities (n, 23, 2) of meshes (n, 478, 3), with neutrals' meshes and pictures of both if known.

        `pairs` (n, 2, 96, 96) now and neutral.
        """
        now, calm = (None, None) if pairs is None else (pairs[:, 0], pairs[:, 1])
        angles = angles_of(fit_mean_face(meshes)[0])
        return self.measure(meshes, angles, neutrals, cuts=cuts, portraits=now, calm_portraits=calm)

    def by_shape(self, meshes: Array, neutrals: Array | None = None) -> Array:
        """Return intensities (n, 23, 2) by shape alone."""
        return self.measure(meshes, angles_of(fit_mean_face(meshes)[0]), neutrals)


class Studio(NamedTuple):
    """The n studio portraits: `meshes`, `cuts` (n, 64, 64), `pictures` (n, 96, 96), `calm` (n,) and `own` (n,).

    `calm` says which are neutral; `own` is the row of the same person's neutral one.
    """

    meshes: Array
    cuts: NDArray[np.uint8]
    pictures: Portraits
    calm: NDArray[np.bool_]
    own: NDArray[np.intp]


def studio(places: Places) -> Studio:
    """Return the studio portraits as our networks see them."""
    faces, (meshes, _, cuts) = places.faces("studio"), fine_meshes(places, "studio")
    plain, _ = own_meshes(faces, places.cache / "own-studio.npz")
    pictures = [portraits(faces.picture(row), plain[row : row + 1]) for row in range(len(faces))]
    calm, persons = calm_portraits(faces), [str(name).split("_")[0] for name in faces.names]
    rest = {persons[row]: row for row in np.flatnonzero(calm).tolist()}
    return Studio(meshes, cuts, np.concatenate(pictures), calm, np.array([rest[person] for person in persons]))


def smiles(faces: Studio, measure: Skins) -> dict[str, Any]:
    """Return how well AU12 tells smiling studio portraits from neutral ones, without and with the own neutral."""
    # A face compared with itself would be exactly neutral; its mirror picture stands in for a second photo.
    neutrals, pictures = faces.meshes[faces.own], faces.pictures[faces.own]
    neutrals[faces.calm] = mirror(neutrals[faces.calm])
    pictures[faces.calm] = pictures[faces.calm][..., ::-1]
    pairs = np.stack([faces.pictures, pictures], axis=1)
    result = {}
    for name, value in (
        ("without_neutral", measure.by_picture(faces.meshes, faces.cuts)),
        ("with_neutral", measure.by_picture(faces.meshes, faces.cuts, neutrals, pairs)),
        ("by_shape_without_neutral", measure.by_shape(faces.meshes)),
    ):
        result[name] = round(area(value[:, UNITS["AU12"]].mean(axis=1), ~faces.calm), 4)
    return {"pictures": len(faces.calm), "auc_au12": result}


def wrong_neutral(faces: Studio, measure: Skins) -> dict[str, Any]:
    """Return what share of units is above 1 on calm portraits that are compared with the neutral of somebody else."""
    meshes, cuts, pictures = faces.meshes[faces.calm], faces.cuts[faces.calm], faces.pictures[faces.calm]
    others, pairs = np.roll(meshes, 1, axis=0), np.stack([pictures, np.roll(pictures, 1, axis=0)], axis=1)
    found = {
        "by_picture_and_shape": measure.by_picture(meshes, cuts, others, pairs),
        "by_shape": measure.by_picture(meshes, cuts, others),
        "without_neutral": measure.by_picture(meshes, cuts),
    }
    return {"portraits": len(meshes)} | {name: round(float((units > 1).mean()), 3) for name, units in found.items()}


def eyes(places: Places, split: str) -> dict[str, Any]:
    """Return how the eyes agree with the teacher's, with and without the close look; no network learnt these faces."""
    faces = places.faces(f"fer2013-{split}")
    close, presence, _ = fine_meshes(places, f"fer2013-{split}")
    plain, _ = own_meshes(faces, places.cache / f"own-fer2013-{split}.npz")
    rows = np.flatnonzero(faces.found & (presence > 0.5))
    angles = angles_of(fit_mean_face(faces.points[rows])[0])
    wanted, looks = openness(faces.points[rows]), gaze(faces.points[rows], angles)
    result: dict[str, Any] = {"faces": len(rows), "shut": "less than a quarter open, by the teacher"}
    for name, meshes in (("eye_network", close[rows]), ("mesh_network_alone", plain[rows])):
        opened, seen = openness(meshes), gaze(meshes, angles)
        result[name] = {
            "openness_r": round(float(np.corrcoef(opened.ravel(), wanted.ravel())[0, 1]), 3),
            "auc_shut": round(area(-opened.ravel(), wanted.ravel() < 0.25), 3),
            "gaze_yaw_r": round(float(np.corrcoef(seen[:, 0], looks[:, 0])[0, 1]), 3),
            "gaze_pitch_r": round(float(np.corrcoef(seen[:, 1], looks[:, 1])[0, 1]), 3),
        }
    return result


def noise_percent(places: Places) -> float:
    """Return the mean error of our meshes on held-out faces, in per cent of the distance of the outer eye corners."""
    faces, (meshes, presence, _) = places.faces("faces"), fine_meshes(places, "faces")
    held = np.array([held_out(str(name), HELD_OUT) for name in faces.names])
    rows = np.flatnonzero(faces.found & (presence > 0.5) & held)
    wide = np.linalg.norm((faces.points[rows, 33] - faces.points[rows, 263])[:, :2], axis=1)
    wrong = meshes[rows] - faces.points[rows]
    eyes_apart = np.linalg.norm(
        faces.points[rows][:, [33, 133]].mean(axis=1) - faces.points[rows][:, [362, 263]].mean(axis=1), axis=1
    )
    wrong = wrong + np.random.default_rng(0).normal(0, WHITE, wrong.shape) * eyes_apart[:, None, None]
    return round(float(100 * (np.linalg.norm(wrong[..., :2], axis=2).mean(axis=1) / wide).mean()), 2)


def by_yaw(places: Places, measure: Skins) -> list[dict[str, Any]]:
    """Return the mean of some units, left and right, on photos said to be neutral, by how far the head is turned."""
    meshes, cuts, votes = named_faces(places)
    calm = np.flatnonzero(votes[:, 0] > 0)
    found = measure.by_picture(meshes[calm], cuts[calm])
    yaw = angles_of(fit_mean_face(meshes[calm])[0])[:, 1]
    table = []
    for low, high in itertools.pairwise((-60, -30, -15, -5, 5, 15, 30, 60)):
        rows = np.flatnonzero((yaw > low) & (yaw <= high))
        shown = ("AU1", "AU2", "AU4", "AU6", "AU12", "AU15", "AU25", "AU43")
        means = {unit: found[rows, UNITS[unit]].astype(float).mean(axis=0).round(2).tolist() for unit in shown}
        table.append({"yaw": [low, high], "faces": len(rows), **means})
    return table


def by_displacements(faces: UnitFaces, most: int = 300) -> dict[str, Any]:
    """Return what plain non-negative least squares on the displacements gives with the neutral known: a yardstick."""
    basis = displacements()[:, :, :468].reshape(2 * len(ACTION_UNITS), -1).T.astype(np.float64)
    moved = (shape_of(faces.meshes[:most]) - shape_of(faces.neutrals[:most])).reshape(most, -1)
    found = np.stack([nnls(basis, each.astype(np.float64))[0] for each in moved]) * 5
    return agreement(found.reshape(most, -1, 2).astype(np.float32), faces.intensities[:most])


def by_ridge(train: UnitFaces, test: UnitFaces, compared: bool, most: int = 8000) -> dict[str, Any]:
    """Return what linear regression on the same inputs gives: a yardstick."""
    inputs = shape_inputs(train.meshes[:most], train.neutrals[:most] if compared else None).astype(np.float64)
    wanted = train.intensities[:most].reshape(len(train.intensities[:most]), -1)
    inputs = inputs[: len(wanted)]
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-5
    flat = (inputs - mean) / spread
    weights = np.linalg.solve(flat.T @ flat / len(flat) + 0.01 * np.eye(flat.shape[1]), flat.T @ wanted / len(flat))
    seen = (shape_inputs(test.meshes, test.neutrals if compared else None)[: len(test)] - mean) / spread
    found = seen @ (weights) + wanted.mean(axis=0)
    return agreement(np.clip(found, 0, 5).reshape(len(found), -1, 2).astype(np.float32), test.intensities)


def morphable(places: Places, measure: Skins) -> dict[str, Any]:
    """Return how units of the morphable face's unseen persons are found again."""
    train, test = morphable_faces(places, "train"), morphable_faces(places, "test")
    return {
        "faces": len(test),
        "noise": "errors of our meshes on held-out persons, and 0.6 % of eye distance from point to point",
        "noise_percent_of_outer_corners": noise_percent(places),
        "with_neutral": agreement(measure.by_shape(test.meshes, test.neutrals), test.intensities),
        "without_neutral": agreement(measure.by_shape(test.meshes), test.intensities),
        "yardsticks": {
            "ridge_with_neutral": by_ridge(train, test, True)["mean"],
            "ridge_without_neutral": by_ridge(train, test, False)["mean"],
            "nnls_with_neutral": by_displacements(test)["mean"],
        },
    }


def warped(places: Places, measure: Skins) -> dict[str, Any]:
    """Return how units are found again by which photos of unseen persons were warped."""
    learnt, test = photo_faces(places, "train").faces, photo_faces(places, "test")
    photos = test.faces
    alone = measure.by_picture(photos.meshes, test.cuts)
    compared = measure.by_picture(photos.meshes, test.cuts, photos.neutrals, test.portraits)
    sharp = np.flatnonzero(test.which[:, 0] == "studio")
    return {
        "faces": len(photos),
        "with_neutral": agreement(compared, photos.intensities),
        "without_neutral": agreement(alone, photos.intensities),
        "by_shape_with_neutral": agreement(measure.by_shape(photos.meshes, photos.neutrals), photos.intensities),
        "share_followed_by_mesh": followed(photos),
        "yardsticks": {
            "ridge_with_neutral": by_ridge(learnt, photos, True)["mean"],
            "ridge_without_neutral": by_ridge(learnt, photos, False)["mean"],
        },
        "studio_with_neutral": agreement(compared[sharp], photos.intensities[sharp]),
    }


def evaluate(places: Places, split: str) -> dict[str, Any]:
    """Return all figures; `split` "validation" or "test" chooses the FER-2013 faces."""
    measure = Skins()
    (meshes, cuts, votes), posed = voted_faces(places, split, 5), studio(places)
    return {
        "morphable": morphable(places, measure),
        "warped_photos": warped(places, measure),
        f"eyes_fer2013_{split}": eyes(places, split),
        "studio": smiles(posed, measure),
        "studio_with_a_wrong_neutral_share_above_1": wrong_neutral(posed, measure),
        f"fer2013_{split}": {
            "faces": len(votes),
            "agreed": "at least five of ten votes",
            "prototypes": prototypes(measure.by_picture(meshes, cuts), votes),
            "prototypes_by_shape": prototypes(measure.by_shape(meshes), votes),
        },
        "neutral_photos_by_yaw": by_yaw(places, measure),
        "milliseconds": timing(measure, meshes[0]),
    }


def main() -> None:
    """Parse the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    Places.ask(parser)
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args()
    command = f"python -m mimika.training.evaluate_action_units --labels … --cache … --split {options.split}"
    result = {"command": command, **evaluate(Places.chosen(options), options.split)}
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
