"""Fine-tuning measured on folders made from the data sets: `python benchmarks/fine_tune.py ../shared/data DIR`.

Two folders are made below DIR: `studio`, portraits neutral and smiling, and `news`, photos with the labels of another
labeller. The network is tuned on each as `mimika train --data` does it. What is written to docs/results/fine_tune.json:
scores on held-out persons under several divisions, and what became of the base's knowledge, on pictures of FER-2013's
validation split.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch

from mimika.data.labels import FERPLUS
from mimika.engine import registry
from mimika.engine.card import Card
from mimika.evaluation.scores import score
from mimika.evaluation.votes import clean_rows, truth_by
from mimika.stages.faces.align import EXPRESSION_CROP, crop
from mimika.stages.recognize.calibrate import Calibration
from mimika.training.expression_data import load_split
from mimika.training.finetune_data import OwnFaces, read_faces
from mimika.training.finetune_run import Order, finetune
from mimika.training.finetune_scores import outputs_of

ROOT = Path(__file__).resolve().parents[1]
NEWS = {"neutral": 90, "happiness": 90, "surprise": 80, "sadness": 80, "anger": 80}
OTHERS = 1000
"""So many pictures of FER-2013's validation split tell what was forgotten."""


def write_folder(data: Path, name: str, folder: Path, counts: dict[str, int] | None) -> Path:
    """Write the pictures of a set into class folders; with `counts` so many of each class, chosen by chance."""
    pictures = defaultdict(list)
    for file in sorted((data / name).glob("*.parquet")):
        for row in pq.read_table(file, columns=["image", "label"]).to_pylist():
            if row["label"] and (counts is None or row["label"] in counts):
                pictures[row["label"]].append(row["image"])
    rng = np.random.default_rng(0)
    for label, images in sorted(pictures.items()):
        rows = range(len(images)) if counts is None else rng.permutation(len(images))[: counts[label]]
        (folder / label).mkdir(parents=True, exist_ok=True)
        for row in rows:
            (folder / label / images[row]["path"]).write_bytes(images[row]["bytes"])
    return folder


def kept_knowledge(files: dict[str, Path], data: Path, labels: Path) -> dict[str, Any]:
    """Return accuracy and recalls of network files on the same pictures that none of them has seen."""
    faces = load_split(data, labels, "validation")
    rows = np.flatnonzero(clean_rows(faces.votes))[:OTHERS]
    crops = np.stack([crop(faces.pictures[row], faces.matrices[row], EXPRESSION_CROP) for row in rows])
    truth = truth_by(faces.votes, clean_rows(faces.votes))[rows]
    told: dict[str, Any] = {"n": len(rows), "set": "FER-2013 validation, clean FER+ labels, the teacher's crops"}
    for name, file in files.items():
        card = Card.load(file)
        said = Calibration.of(card, len(FERPLUS)).probabilities(outputs_of(file, crops)["logits"])
        scores = score(said, truth, FERPLUS, FERPLUS)
        told[name] = {key: scores[key] for key in ("top1", "top1_ci95", "macro_f1", "balanced_accuracy", "ece")}
        told[name]["recall"] = {of: each["recall"] for of, each in scores["per_class"].items()}
    return told


def tuned(folder: Path, faces: OwnFaces, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Tune with one division into parts, and return the report without what is too long to keep."""
    overrides = {"schedule.threads": options.threads, "seed": seed}
    out = options.work / f"{folder.name}-model-{seed}"
    report = finetune(Order(folder, options.base, out, overrides=overrides, force=True), faces=faces)
    files = {"before": registry.card(options.base).path, "after": Path(report.pop("file"))}
    data = report["data"]
    data["faceless"], data["unreadable"] = len(data["faceless"]), len(data["unreadable"])
    for scores in (report["test"]["before"], report["test"]["after"]):
        scores.pop("coverage_curve")
    report["test"].pop("wrong")
    report.pop("page")
    return report | {"others": kept_knowledge(files, options.data, options.labels)}


def pooled(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean figures over the divisions; held-out pictures of different ones overlap, so there is no interval."""
    told: dict[str, Any] = {"divisions": len(runs), "held_out": [run["test"]["after"]["n"] for run in runs]}
    for name in ("before", "after"):
        told[name] = {key: mean(run["test"][name][key] for run in runs) for key in ("top1", "macro_f1", "brier")}
        shared = [run["test"][name].get("shared", run["test"][name])["top1"] for run in runs]
        told[name]["top1_among_its_classes"] = mean(shared)
        told[name]["others_top1"] = mean(run["others"][name]["top1"] for run in runs)
        told[name]["others_macro_f1"] = mean(run["others"][name]["macro_f1"] for run in runs)
    gains = [run["test"]["gain"]["top1"] for run in runs]
    return told | {"gain": mean(gains), "gains": gains, "seconds_training": [run["seconds"]["all"] for run in runs]}


def mean(values: Iterable[float]) -> float:
    """Return the mean, rounded as the other figures are."""
    return round(float(np.mean(list(values))), 4)


def main() -> None:
    """Make the folders, tune, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--base", default="expression")
    parser.add_argument("--labels", type=Path, default=Path("build/teacher"), help="what label_mesh.py wrote")
    parser.add_argument("--only", choices=("studio", "news"), help="tune on this folder alone")
    parser.add_argument("--seeds", type=int, default=2, help="so many divisions into parts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=ROOT / "docs" / "results" / "fine_tune.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found = json.loads(options.json.read_text("utf-8")) if options.only and options.json.exists() else {}
    for name, of, counts in (("studio", "studio", None), ("news", "faces", NEWS)):
        if options.only in (None, name):
            folder = write_folder(options.data, of, options.work / name, counts)
            began = time.monotonic()
            faces = read_faces(folder)
            reading = round(time.monotonic() - began, 1)
            runs = [tuned(folder, faces, seed, options) for seed in range(options.seeds)]
            found[name] = pooled(runs) | {"seconds_reading": reading, "runs": runs}
            options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    found["command"] = "python benchmarks/fine_tune.py ../shared/data build/fine_tune"
    options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
