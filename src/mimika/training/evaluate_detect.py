"""Measure a detector beside the three YuNet files, on the same pictures, in one command.

    python -m mimika.training.evaluate_detect ../shared/data build/teacher build/cache [--model detect] [--json FILE]

Four measures, each at a long side of 640 pixels: average precision on the test photos, recall and false boxes on
one-face portraits, false boxes on scenes without a face, and milliseconds for a 640 × 480 picture on one core.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from mimika.data.geometry import boxes_of
from mimika.data.options import Options
from mimika.evaluation.statistics import plain
from mimika.stages.faces.detect import Detector
from mimika.training.composites import FACE_VERTICES
from mimika.training.detect_data import negative_split, person_split
from mimika.training.detect_scores import Found, average_precision, recall_at
from mimika.training.pictures import labelled_faces, read_luma, shards
from mimika.training.portraits import portraits

SIDE = 640
COMMAND = "python -m mimika.training.evaluate_detect ../shared/data build/teacher build/cache --json FILE"
LOWEST = 0.02
PORTRAITS = 300
STUDIO_SIDE = 512

Boxes = NDArray[np.float32]
Find = Callable[[NDArray[np.uint8]], Found]
"""A detector: an RGB picture to boxes (n, 4) x, y, width, height and scores (n,), down to LOWEST."""


@dataclass(slots=True)
class Case:
    """A test picture in RGB with the boxes of its faces, (n, 4), n may be 0."""

    rgb: NDArray[np.uint8]
    boxes: Boxes


@dataclass(frozen=True, slots=True)
class Subject:
    """A detector under test and its operating point."""

    name: str
    find: Find
    threshold: float
    ready: Callable[[NDArray[np.uint8]], Callable[[], object]]
    """Takes an RGB picture and returns what is timed: from the picture as the detector wants it to its faces."""


def ours(model: str) -> Subject:
    """Return mimika's detector; its luma is made the way photos are read."""
    detector = Detector(Options(detect_side=SIDE, min_score=LOWEST), model)

    def find(rgb: NDArray[np.uint8]) -> Found:
        faces = detector.detect(np.asarray(Image.fromarray(rgb).convert("L")))
        return faces.boxes, faces.scores

    usual = Detector(Options(detect_side=SIDE), model)

    def ready(rgb: NDArray[np.uint8]) -> Callable[[], object]:
        luma = np.asarray(Image.fromarray(rgb).convert("L"))
        return lambda: usual.detect(luma)

    return Subject("mimika detect", find, 0.5, ready)


def yunet(file: Path, threshold: float = 0.6) -> Subject:
    """Return a YuNet file run by OpenCV, with its own threshold of 0.6 and its non-maximum suppression at 0.3."""
    detector = cv2.FaceDetectorYN.create(str(file), "", (320, 320), LOWEST, 0.3, 5000)

    def find(rgb: NDArray[np.uint8]) -> Found:
        scale = SIDE / max(rgb.shape[:2])
        sized = cv2.resize(rgb[..., ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        detector.setInputSize(sized.shape[1::-1])
        rows = detector.detect(sized)[1]
        rows = np.zeros((0, 15), np.float32) if rows is None else rows
        return (rows[:, :4] / scale).astype(np.float32), rows[:, 14].astype(np.float32)

    usual = cv2.FaceDetectorYN.create(str(file), "", (320, 320), threshold, 0.3, 5000)

    def ready(rgb: NDArray[np.uint8]) -> Callable[[], object]:
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        usual.setInputSize(bgr.shape[1::-1])
        return lambda: usual.detect(bgr)

    return Subject(file.stem, find, threshold, ready)


def photo_cases(data: Path) -> list[Case]:
    """Return the test split of `photos/`."""
    cases = []
    for file in shards(data, "photos"):
        for row in pq.read_table(file, columns=["image", "boxes", "split"]).to_pylist():
            if row["split"] == "test":
                cases.append(Case(_rgb(row["image"]["bytes"]), np.asarray(row["boxes"], np.float32).reshape(-1, 4)))
    return cases


def portrait_cases(data: Path, labels: Path, cache: Path) -> list[Case]:
    """Return `studio/` as it is, and faces of held-out persons padded into test scenes; boxes by the mesh teacher."""
    studio = labelled_faces(data, labels, cache, "studio")
    boxes = boxes_of(studio.points[:, :FACE_VERTICES])
    cases = [Case(_grey(studio.picture(row)), boxes[row : row + 1]) for row in range(len(studio)) if studio.found[row]]
    faces = labelled_faces(data, labels, cache, "faces")
    rows = np.flatnonzero(faces.found & np.array([person_split(str(name)) == "test" for name in faces.names]))
    scenes = [case.rgb[..., 0] for case, split in negative_cases(data) if split == "test"]
    made = portraits([(faces, rows)], scenes, PORTRAITS, seed=2026)
    return cases + [Case(_grey(luma), box[None]) for luma, box in made]


def negative_cases(data: Path) -> list[tuple[Case, str]]:
    """Return all scenes without a face, in grey, and the split of each."""
    names = [
        row["path"].as_py()
        for file in shards(data, "negatives")
        for row in pq.read_table(file, columns=["image"]).column("image")
    ]
    none = np.zeros((0, 4), np.float32)
    pictures = read_luma(data, "negatives")
    return [(Case(_grey(luma), none), negative_split(name)) for name, luma in zip(names, pictures, strict=True)]


def milliseconds(subjects: list[Subject], rgb: NDArray[np.uint8], rounds: int = 40) -> list[tuple[float, float]]:
    """Return median and least milliseconds a picture; the subjects take turns, so that other load hits all."""
    times = np.zeros((rounds, len(subjects)))
    timed = [subject.ready(rgb) for subject in subjects]
    for row in range(rounds):
        for column, work in enumerate(timed):
            work()
            started = time.perf_counter()
            work()
            times[row, column] = 1000 * (time.perf_counter() - started)
    return [(float(np.median(column)), float(column.min())) for column in times.T]


def measure(subject: Subject, photos: list[Case], single: list[Case], none: list[tuple[Case, str]]) -> dict[str, Any]:
    """Return all accuracy figures of one detector."""
    found = [subject.find(case.rgb) for case in photos]
    row: dict[str, Any] = {"ap50_photos_32px": average_precision(found, [case.boxes for case in photos])}
    studio = sum(case.rgb.shape[0] == case.rgb.shape[1] == STUDIO_SIDE for case in single)
    found, truth = [subject.find(case.rgb) for case in single], [case.boxes for case in single]
    for name, part in (("portraits", slice(None)), ("studio", slice(studio)), ("faces", slice(studio, None))):
        recall, false, _ = recall_at(found[part], truth[part], subject.threshold)
        bounded, _, at = recall_at(found[part], truth[part], None)
        row[name] = {
            "pictures": len(truth[part]), "recall": recall, "false_per_100": 100 * false,
            "recall_at_1_false_per_100": bounded, "threshold_there": at,
        }  # fmt: skip
    counts = [int((subject.find(case.rgb)[1] >= subject.threshold).sum()) for case, _ in none]
    held = [count for count, (_, split) in zip(counts, none, strict=True) if split == "test"]
    row["negatives_held_out"] = {"pictures": len(held), "false_per_100": 100 * float(np.mean(held))}
    row["negatives_all"] = {"pictures": len(counts), "false_per_100": 100 * float(np.mean(counts))}
    return row


def score(model: str, data: Path, labels: Path, cache: Path) -> dict[str, Any]:
    """Return the accuracy of one network file, rounded, for its card."""
    cases = photo_cases(data), portrait_cases(data, labels, cache), negative_cases(data)
    return {**plain(measure(ours(model), *cases)), "command": COMMAND}


def report(rows: dict[str, dict[str, Any]]) -> str:
    """Return the table for people."""
    lines = [f"{'':34} AP50≥32px  recall  false/100  recall@1/100  false/100 negatives (held out, all)  ms (least)"]
    for name, row in rows.items():
        single = row["portraits"]
        lines.append(
            f"{name:34} {row['ap50_photos_32px']:9.3f} {single['recall']:7.3f} {single['false_per_100']:10.2f}"
            f" {single['recall_at_1_false_per_100']:13.3f} {row['negatives_held_out']['false_per_100']:20.2f}"
            f" {row['negatives_all']['false_per_100']:9.2f}"
            f" {row['ms_640x480']['median']:9.2f} ({row['ms_640x480']['least']:.2f})"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "labels", "cache"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--model", default="detect", help="a shipped network or an .onnx file")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    given = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    teachers = sorted((given.data / "teachers").glob("*yunet*.onnx"))
    subjects = [ours(given.model), *(yunet(file) for file in teachers)]
    photos, single = photo_cases(given.data), portrait_cases(given.data, given.labels, given.cache)
    none = negative_cases(given.data)
    rows = {subject.name: measure(subject, photos, single, none) for subject in subjects}
    picture = cv2.resize(photos[0].rgb, (640, 480), interpolation=cv2.INTER_AREA)
    for row, (median, least) in zip(rows.values(), milliseconds(subjects, np.asarray(picture, np.uint8)), strict=True):
        row["ms_640x480"] = {"median": median, "least": least}
    sys.stdout.write(report(rows) + "\n")
    if given.json:
        text = json.dumps({"command": COMMAND, "side": SIDE, "detectors": rows}, indent=1)
        given.json.write_text(text + "\n", "utf-8")


def _rgb(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _grey(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(luma[..., None], 3, axis=2)


if __name__ == "__main__":
    main()
