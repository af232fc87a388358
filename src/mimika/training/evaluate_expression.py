"""Measure an expression network on FER+ and FER-2013: `python -m mimika.training.evaluate_expression --help`.

The rows counted are FER+'s clean ones (top vote unique, above five, an expression) and FER-2013's labelled ones.
Nothing is chosen here: the calibration comes from the network's card, which has it from PublicTest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.frame import Frame
from mimika.data.geometry import Floats, invert, scale_of, transform
from mimika.data.labels import FER2013, FERPLUS
from mimika.data.options import Options
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.engine.session import Session
from mimika.evaluation.calibration import calibration_error, cross_entropy
from mimika.evaluation.duplicates import find
from mimika.evaluation.scores import score
from mimika.evaluation.statistics import plain, roc_auc
from mimika.evaluation.votes import clean_rows, truth_by, vote_targets
from mimika.pipeline import Pipeline
from mimika.stages.faces.align import EXPRESSION_CROP, MESH_CROP, crop, matrices_from_meshes
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.recognize.calibrate import Calibration, softmax
from mimika.training.expression_data import ExpressionFaces, load_split
from mimika.training.pictures import labelled_faces

COMMAND = "python -m mimika.training.evaluate_expression"
BATCH = 64
STUDIO_LABELS = {"neutral": "neutral", "smiling": "happiness", "happiness": "happiness"}


def plain_crops(faces: ExpressionFaces, matrices: Floats) -> NDArray[np.float32]:
    """Return the network's input (n, 1, 64, 64) for a split under the given picture-to-crop matrices."""
    crops = [crop(picture, matrix, EXPRESSION_CROP) for picture, matrix in zip(faces.pictures, matrices, strict=True)]
    return np.stack(crops)[:, None].astype(np.float32) / np.float32(255)


def outputs_of(model: Path, luma: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Run a network file on (n, 1, 64, 64) and return its outputs by name, whole."""
    session = Session(model, threads=1)
    parts = [session.run(luma[start : start + BATCH]) for start in range(0, len(luma), BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def mesh_matrices(faces: ExpressionFaces, mesh: str, passes: int = 2) -> NDArray[np.float64]:
    """Return the matrices that our own mesh network gives, started from where tight face photos have their face."""
    net = MeshNet(Options(), mesh)
    ratio = MESH_CROP.scale / EXPRESSION_CROP.scale
    start = np.median(faces.matrices, axis=0)
    start[:, :2] *= ratio
    start[:, 2] = (start[:, 2] - EXPRESSION_CROP.side / 2) * ratio + MESH_CROP.side / 2
    result = np.empty_like(faces.matrices)
    for row, picture in enumerate(faces.pictures):
        found, _ = net.settle(picture, start[None], np.array([True]), passes)
        result[row] = matrices_from_meshes(found, EXPRESSION_CROP)[0]
    return result


def product_matrices(faces: ExpressionFaces, model: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the matrices that the whole product gives each picture as a photo, and where it finds a face."""
    pipeline = Pipeline(Options(model=str(model), faces_max=1))
    matrices, found = faces.matrices.copy(), np.zeros(len(faces), np.bool_)
    for row, picture in enumerate(faces.pictures):
        meshes = pipeline.process_photo(Frame(picture)).measurements.meshes
        if len(meshes):
            matrices[row], found[row] = matrices_from_meshes(meshes[:1], EXPRESSION_CROP)[0], True
    return matrices, found


def scores(outputs: dict[str, NDArray[np.float32]], faces: ExpressionFaces, card: Card) -> dict[str, Any]:
    """Return accuracies with 95 % intervals, F1 and calibration of one split's outputs."""
    clean = clean_rows(faces.votes)
    said8 = Calibration.of(card, len(FERPLUS)).probabilities(outputs["logits"])
    said7 = Calibration.of(card, len(FER2013), "7").probabilities(outputs["logits7"])
    truth8 = truth_by(faces.votes, clean)
    eight, seven = score(said8, truth8, FERPLUS, FERPLUS), score(said7, faces.labels, FER2013, FER2013)
    votes, _ = vote_targets(faces.votes[clean])
    raw8 = softmax(outputs["logits"])
    return {
        **_named("ferplus", eight),
        "ferplus_recall": {name: of_class["recall"] for name, of_class in eight["per_class"].items()},
        "ferplus_cross_entropy": plain(cross_entropy(np.log(np.maximum(said8[clean], 1e-30)), votes)),
        "ferplus_calibration_error": eight["ece"],
        "ferplus_calibration_error_before": score(raw8, truth8, FERPLUS, FERPLUS)["ece"],
        "ferplus_vote_calibration_error": plain(calibration_error(said8[clean], votes)),
        "ferplus_vote_calibration_error_before": plain(calibration_error(raw8[clean], votes)),
        **_named("fer2013", seven),
        "fer2013_calibration_error": seven["ece"],
        "fer2013_calibration_error_before": score(softmax(outputs["logits7"]), faces.labels, FER2013, FER2013)["ece"],
    }


def _named(labels: str, found: dict[str, Any]) -> dict[str, Any]:
    names = {"accuracy": "top1", "interval": "top1_ci95", "rows": "n", "macro_f1": "macro_f1"}
    return {f"{labels}_{name}": found[key] for name, key in names.items()}


def mirrored(
    outputs: dict[str, NDArray[np.float32]], model: Path, luma: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Return the outputs averaged with those of the mirrored crops."""
    other = outputs_of(model, np.ascontiguousarray(luma[..., ::-1]))
    return {name: (value + other[name]) / np.float32(2) for name, value in outputs.items()}


def evaluate(model: Path, data: Path, labels: Path, mesh: str | None = None, product: bool = False) -> dict[str, Any]:
    """Return the scores on PublicTest and PrivateTest.

    Faces are cropped by the teacher's points; with `mesh`, by our mesh network as well, and again without the pictures
    that the training split holds too, exactly or nearly; with `product`, by the whole pipeline with its detector, where
    pictures without a found face are left out and their share is told.

    Raises:
        InputMissing: if data or labels are not there.
        ModelError: if the network or its card cannot be used.
    """
    card = Card.load(model)
    report: dict[str, Any] = {"model": card.sha256, "temperature": card.setting("temperature", 1.0)}
    if product:
        report["with"] = {name: registry.card(name).sha256 for name in ("detect", "mesh")}
    for split in ("validation", "test"):
        faces = load_split(data, labels, split)
        luma = plain_crops(faces, faces.matrices)
        outputs = outputs_of(model, luma)
        report[split] = {
            "teacher_crop": scores(outputs, faces, card),
            "teacher_crop_mirror_averaged": scores(mirrored(outputs, model, luma), faces, card),
        }
        if mesh:
            matrices = mesh_matrices(faces, mesh)
            own = outputs_of(model, plain_crops(faces, matrices))
            report[split]["own_mesh_crop"] = scores(own, faces, card)
            report[split]["own_mesh_crop_new_pictures"] = new_pictures(
                own, faces, card, load_split(data, labels, "train")
            )
            report[split]["own_mesh_crop_error_px"] = crop_error(matrices, faces.matrices)
        if product:
            matrices, found = product_matrices(faces, model)
            seen, same = faces.take(found), {name: value[found] for name, value in outputs.items()}
            report[split]["product"] = scores(outputs_of(model, plain_crops(seen, matrices[found])), seen, card)
            report[split]["product"]["found"] = plain(found.mean())
            report[split]["teacher_crop_where_product_found"] = scores(same, seen, card)
    return report


def new_pictures(
    outputs: dict[str, NDArray[np.float32]], faces: ExpressionFaces, card: Card, learnt: ExpressionFaces
) -> dict[str, Any]:
    """Return the scores of the pictures that are not among those `learnt` from, and how many are: `duplicates`.

    FER-2013's splits share about a sixth of their pictures, and a network knows the labels that it has seen.
    """
    known = find(faces.pictures, learnt.pictures).rows(len(faces))
    new = np.flatnonzero(~known)
    found: dict[str, Any] = {"duplicates": int(known.sum())}
    if clean_rows(faces.votes[new]).any():
        found |= scores({name: value[new] for name, value in outputs.items()}, faces.take(new), card)
    return found


def crop_error(matrices: Floats, wanted: Floats) -> dict[str, float]:
    """Return how far, in crop pixels, the crop's corners lie from where they should: median and 95th percentile."""
    side = EXPRESSION_CROP.side
    corners = np.broadcast_to(np.array([[0, 0], [side, 0], [0, side], [side, side]], float), (len(matrices), 4, 2))
    usable = scale_of(matrices) > 1e-3
    moved = transform(matrices[usable], transform(invert(wanted[usable]), corners[usable]))
    distance = np.linalg.norm(moved - corners[usable], axis=2).mean(1)
    return {"median": plain(np.median(distance)), "p95": plain(np.percentile(distance, 95))}


def studio(model: Path, data: Path, labels: Path, cache: Path) -> dict[str, Any]:
    """Return how 132 sharp portraits (66 persons, neutral and smiling) are read, and how the embedding pairs persons.

    Some of the smiles are hardly there; so it also says how often a person is happier smiling than neutral, and the
    area under the curve of the probability of happiness.
    """
    faces = labelled_faces(data, labels, cache, "studio")
    truth, persons = studio_truth(data)
    matrices = matrices_from_meshes(faces.points, EXPRESSION_CROP)
    crops = [
        crop(np.ascontiguousarray(faces.picture(row)), matrices[row], EXPRESSION_CROP) for row in range(len(faces))
    ]
    outputs = outputs_of(model, np.stack(crops)[:, None].astype(np.float32) / np.float32(255))
    said = Calibration.of(Card.load(model), len(FERPLUS)).probabilities(outputs["logits"])
    guess = np.array(FERPLUS)[said.argmax(1)]
    smiling = truth == "happiness"
    cosines = outputs["embedding"][~smiling] @ outputs["embedding"][smiling].T
    found = persons[smiling][cosines.argmax(1)] == persons[~smiling]
    happy = said[:, FERPLUS.index("happiness")]
    pair = np.array([happy[smiling & (persons == person)][0] for person in persons[~smiling]])
    result: dict[str, Any] = {
        "happiness_auc": plain(roc_auc(happy[smiling], happy[~smiling])),
        "happier_when_smiling": {"rows": len(pair), "right": int((pair > happy[~smiling]).sum())},
    } | {
        name: {"rows": int((truth == name).sum()), "right": int((guess[truth == name] == name).sum())}
        for name in ("neutral", "happiness")
    }
    result["mistakes"] = sorted(
        f"{name}: {said}" for name, wanted, said in zip(faces.names, truth, guess, strict=True) if wanted != said
    )
    result["same_person_found_across_smile"] = {"rows": len(found), "right": int(found.sum())}
    return result


def studio_truth(data: Path) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return expression and person of each studio portrait, in file and row order."""
    import pyarrow.parquet as pq

    from mimika.training.pictures import shards

    tables = [pq.read_table(file, columns=["label", "person"]) for file in shards(data, "studio")]
    labels = [STUDIO_LABELS[label] for table in tables for label in table["label"].to_pylist()]
    persons = [person for table in tables for person in table["person"].to_pylist()]
    return np.array(labels), np.array(persons)


def milliseconds(model: Path, faces: int, repeats: int = 200) -> float:
    """Return the median time of one call on a batch of crops, one thread."""
    session = Session(model, threads=1)
    luma = np.random.default_rng(0).random((faces, 1, 64, 64), dtype=np.float32)
    times = []
    for _ in range(repeats + 10):
        started = time.perf_counter()
        session.run(luma)
        times.append(time.perf_counter() - started)
    return plain(1000 * float(np.median(times[10:])))  # type: ignore[no-any-return]


def main() -> None:
    """Parse the command line, measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("src/mimika/models/expression.onnx"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--labels", type=Path, default=Path("build/teacher"), help="what recipes/teachers/label_mesh.py wrote"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/cache"))
    parser.add_argument("--mesh", default=None, help='also crop with this mesh network: "mesh" or a file')
    parser.add_argument("--product", action="store_true", help="also crop with the whole pipeline, detector first")
    parser.add_argument("--out", type=Path, default=Path("docs/results/expression.json"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    report = evaluate(options.model, options.data, options.labels, options.mesh, options.product)
    report["studio"] = studio(options.model, options.data, options.labels, options.cache)
    report["milliseconds_one_thread"] = {str(count): milliseconds(options.model, count) for count in (1, 8)}
    report["command"] = " ".join([COMMAND, *sys.argv[1:]])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    sys.stdout.write(json.dumps(report["test"], indent=2) + "\n")


if __name__ == "__main__":
    main()
