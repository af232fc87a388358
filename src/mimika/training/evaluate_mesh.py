"""Scores of a mesh network, used as the product uses it: a rough crop, then a second look on its own mesh's crop.

python -m mimika.training.evaluate_mesh [--model FILE] [--json docs/results/mesh.json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mimika.data.options import Options
from mimika.engine.registry import card
from mimika.evaluation.statistics import interval, plain, roc_auc
from mimika.stages.faces import align
from mimika.stages.measure.mesh import MeshNet
from mimika.training.mesh_data import SPEC, half_face, mirrored, rows_of, scene_crop
from mimika.training.mesh_follows import FILMS, PICTURES, follows_films, follows_photos
from mimika.training.pictures import LabelledFaces, labelled_faces, read_luma, shards

HAND_POINTS = {18: 33, 22: 133, 23: 362, 27: 263, 87: 61, 93: 291}
"""Point of the Face Research Lab template to mesh vertex: eye corners and mouth corners, the subject's right first."""
HAND_NOSE, NOSE_VERTEX = (54, 60), 4
"""The template marks the tip by a point on either side; their middle is compared with the vertex on the tip."""


def eye_distance(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the distance between the eye centres of (n, 478, 2 or 3) meshes, in their unit."""
    five = align.five_points(points)
    return np.asarray(np.linalg.norm(five[:, 1] - five[:, 0], axis=1), np.float64)


def measured(
    net: MeshNet, picture: NDArray[np.uint8], points: NDArray[np.float32], seed: int, passes: int
) -> NDArray[np.float32]:
    """Return the mesh of one face found from the true five points with 4 % noise, after `passes` further looks."""
    five = align.five_points(points[None])
    disturbed = five + np.random.default_rng(seed).normal(0, 0.04 * eye_distance(points[None])[0], five.shape)
    start = align.matrices_from_five(disturbed, SPEC)
    meshes, _ = net.settle(np.ascontiguousarray(picture), start, np.array([True]), passes)
    return np.asarray(meshes[0], np.float32)


def held_out_error(net: MeshNet, sets: list[LabelledFaces], passes: int) -> dict[str, Any]:
    """Normalised mean error against the teacher on faces of unseen persons, in percent of the inter-ocular distance."""
    errors: dict[str, list[Any]] = {"eye_centres": [], "outer_corners": [], "eye_centres_3d": []}
    seed = 0
    for faces in sets:
        for row in rows_of(faces, True):
            truth = faces.points[row]
            found = measured(net, faces.picture(row), truth, seed, passes)
            seed += 1
            flat = np.linalg.norm((found - truth)[:, :2], axis=1).mean()
            centres = eye_distance(truth[None])[0]
            errors["eye_centres"].append(flat / centres)
            errors["outer_corners"].append(flat / np.linalg.norm((truth[33] - truth[263])[:2]))
            errors["eye_centres_3d"].append(np.linalg.norm(found - truth, axis=1).mean() / centres)
    summary: dict[str, Any] = {"n": seed}
    for name, values in errors.items():
        array = 100 * np.array(values)
        summary[name] = {
            "mean": array.mean(),
            "ci95": interval(array),
            "median": np.median(array),
            "p95": np.percentile(array, 95),
        }
    return summary


def hand_error(net: MeshNet, data: Path, faces: LabelledFaces) -> dict[str, Any]:
    """Error against the hand-checked points of `studio`, ours and the teacher's, in percent of the eye distance."""
    hand = pq.read_table(shards(data, "studio")[0], columns=["points"]).column("points").to_pylist()
    ours, teachers = [], []
    for row, flat in enumerate(hand):
        if not flat:
            continue
        marks = np.array(flat).reshape(-1, 2)
        truth = np.concatenate([marks[list(HAND_POINTS)], marks[list(HAND_NOSE)].mean(0)[None]])
        vertices = [*HAND_POINTS.values(), NOSE_VERTEX]
        distance = np.linalg.norm((truth[0] + truth[1] - truth[2] - truth[3]) / 2)
        mesh = measured(net, faces.picture(row), faces.points[row], row, 2)
        ours.append(np.linalg.norm(mesh[vertices, :2] - truth, axis=1) / distance)
        teachers.append(np.linalg.norm(faces.points[row][vertices, :2] - truth, axis=1) / distance)
    names = ["right_outer", "right_inner", "left_inner", "left_outer", "right_mouth", "left_mouth", "nose_tip"]
    mine, theirs = 100 * np.array(ours), 100 * np.array(teachers)
    return {
        "n": len(mine),
        "mean": mine.mean(),
        "ci95": interval(mine.mean(1)),
        "teacher_mean": theirs.mean(),
        "points": dict(zip(names, mine.mean(0), strict=True)),
    }


def presence(net: MeshNet, sets: list[LabelledFaces], scenes: Iterable[NDArray[np.uint8]]) -> dict[str, Any]:
    """ROC AUC of the presence score: unseen faces against crops of unseen scenes and against halves of unseen faces."""
    rng = np.random.default_rng(1)
    whole: list[float] = []
    halves: list[float] = []
    identity = np.eye(2, 3)[None]
    for faces in sets:
        for row in rows_of(faces, True):
            picture, points = np.ascontiguousarray(faces.picture(row)), faces.points[row]
            matrix = align.matrices_from_meshes(points[None], SPEC)
            whole.append(float(net.measure(picture, matrix)[1][0]))
            crop, _ = half_face(picture, points, rng)
            halves.append(float(net.measure(crop, identity)[1][0]))
    empty = [float(net.measure(scene_crop(scene, rng), identity)[1][0]) for scene in scenes]
    positive = np.array(whole)
    return {
        "n_faces": len(whole), "n_scenes": len(empty), "n_halves": len(halves),
        "auc_scenes": roc_auc(positive, np.array(empty)),
        "auc_halves": roc_auc(positive, np.array(halves)),
        "auc": roc_auc(positive, np.array(empty + halves)),
        "faces_kept_at_half": float((positive >= 0.5).mean()),
        "others_kept_at_half": float((np.array(empty + halves) >= 0.5).mean()),
    }  # fmt: skip


def jitter(net: MeshNet, still: Path) -> dict[str, Any]:
    """Spread of the tracked points over repeats of one picture with fresh noise, in percent of the eye distance."""
    with np.load(still) as arrays:
        luma, photo, tracked = arrays["luma"], arrays["points"], arrays["tracked"]
    repeats = photo.shape[1]
    mine = []
    for picture, truth in zip(luma, photo, strict=True):
        mesh, track = truth[0], []
        for repeat in range(repeats):
            noise = np.random.default_rng(repeat).normal(0, 4, picture.shape)
            noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
            mesh = net.measure(noisy, align.matrices_from_meshes(mesh[None], SPEC))[0][0]
            track.append(mesh)
        mine.append(track)
    return {
        "pictures": len(luma), "repeats": repeats,
        "ours": spread(np.array(mine)), "teacher_photo": spread(photo), "teacher_video": spread(tracked),
    }  # fmt: skip


def spread(meshes: NDArray[Any]) -> float:
    """Return the mean standard deviation of (pictures, repeats, 478, 3) points in percent, ten repeats left out."""
    flat = meshes[:, 10:, :, :2].astype(np.float64)
    distance = np.array([eye_distance(track).mean() for track in flat])
    return float(100 * (np.sqrt(flat.var(axis=1).sum(-1)).mean(1) / distance).mean())


def mirror_gap(net: MeshNet, faces: LabelledFaces) -> float:
    """Mean distance of a mesh from the mirrored mesh of the mirrored picture, in percent of the eye distance."""
    gaps = []
    for row in rows_of(faces, True)[:200]:
        picture, points = np.ascontiguousarray(faces.picture(row)), faces.points[row]
        straight = net.measure(picture, align.matrices_from_meshes(points[None], SPEC))[0]
        flipped, flipped_points = mirrored(picture, points)
        other = net.measure(flipped, align.matrices_from_meshes(flipped_points[None], SPEC))[0][0]
        _, back = mirrored(flipped, other)
        gaps.append(np.linalg.norm((back - straight[0])[:, :2], axis=1).mean() / eye_distance(straight)[0])
    return float(100 * np.mean(gaps))


def milliseconds(net: MeshNet, repeats: int = 300) -> dict[str, float]:
    """Time of one face on one thread, crop included, in milliseconds."""
    picture = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    matrix = np.array([[[0.4, 0, -80], [0, 0.4, -60]]])
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        net.measure(picture, matrix)
        times.append(1000 * (time.perf_counter() - start))
    return {"median": float(np.median(times)), "p90": float(np.percentile(times, 90)), "min": min(times)}


def evaluate(model: str, data: Path, labels: Path, cache: Path) -> dict[str, Any]:
    """Return all scores of one network as plain numbers."""
    cv2.setNumThreads(1)
    net = MeshNet(Options(), model)
    sets = [labelled_faces(data, labels, cache, name) for name in ("faces", "people")]
    scenes = [scene for index, scene in enumerate(read_luma(data, "negatives")) if index % 5 == 0]
    return {
        "sha256": card(model).sha256,
        "held_out_percent": {f"passes_{passes + 1}": held_out_error(net, sets, passes) for passes in (0, 1, 2)},
        "studio_hand_percent": hand_error(net, data, labelled_faces(data, labels, cache, "studio")),
        "presence": presence(net, sets, scenes),
        "jitter_percent": jitter(net, labels / "still.npz"),
        "mirror_gap_percent": mirror_gap(net, sets[0]),
        "follows": follows(net, data, labels),
        "milliseconds_one_thread": milliseconds(net),
    }


def follows(net: MeshNet, data: Path, labels: Path) -> dict[str, Any]:
    """Return how far the mesh follows movements, in warped photos and in films; empty without the teacher's labels."""
    if not all((labels / name).is_file() for name in (PICTURES, FILMS)):
        return {}
    return {"warped_photos": follows_photos(net, labels), "films": follows_films(net, data, labels)}


def main() -> None:
    """Print the scores and, when asked to, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mesh")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--labels", type=Path, default=Path("build/teacher"))
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    scores = plain(evaluate(options.model, options.data, options.labels, options.cache))
    scores["command"] = "python -m mimika.training.evaluate_mesh --json docs/results/mesh.json"
    text = json.dumps(scores, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
