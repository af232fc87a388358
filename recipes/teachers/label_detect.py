"""Label the faces of `photos/` with a YuNet teacher at two scales, for the `detect` recipe.

    python recipes/teachers/label_detect.py ../shared/data build/teacher

Writes `detect-photos.npz`: for each face the teacher sees in the train and validation pictures `row` (the picture's
row in file order), `boxes` (n, 4) x, y, width, height and `points` (n, 5, 2) in pixels of the stored picture, and
`scores` (n,). The test pictures are left out. The human boxes stay the truth: these labels add the five points to
them, and mark what the humans did not box as "do not learn from here".
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

SIDES = (640, 1280)
"""Long sides in pixels that the teacher sees a picture at: the first for large faces, the second for small ones."""

MIN_SCORE, OVERLAP = 0.4, 0.3


def label(teacher: cv2.FaceDetectorYN, bgr: np.ndarray) -> np.ndarray:
    """Return (n, 15) rows of one picture: box, five points, score; the two scales joined by non-maximum suppression."""
    rows = []
    for side in SIDES:
        scale = side / max(bgr.shape[:2])
        sized = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        teacher.setInputSize(sized.shape[1::-1])
        found = teacher.detect(sized)[1]
        if found is not None:
            found[:, :14] /= scale
            rows.append(found)
    if not rows:
        return np.zeros((0, 15), np.float32)
    joined = np.concatenate(rows)
    kept = cv2.dnn.NMSBoxes(joined[:, :4].tolist(), joined[:, 14].tolist(), MIN_SCORE, OVERLAP)
    return joined[np.asarray(kept, int).ravel()]


def main() -> None:
    """Label every picture and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    model = arguments.data / "teachers" / "yunet_n_640_640.onnx"
    teacher = cv2.FaceDetectorYN.create(str(model), "", (320, 320), MIN_SCORE, OVERLAP, 5000)
    row, places, faces = 0, [], []
    for file in sorted((arguments.data / "photos").glob("*.parquet")):
        for picture in pq.read_table(file, columns=["image", "split"]).to_pylist():
            if picture["split"] != "test":
                rgb = np.asarray(Image.open(io.BytesIO(picture["image"]["bytes"])).convert("RGB"))
                found = label(teacher, np.ascontiguousarray(rgb[..., ::-1]))
                places.append(np.full(len(found), row))
                faces.append(found)
            row += 1
    joined = np.concatenate(faces)
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.out / "detect-photos.npz",
        row=np.concatenate(places).astype(np.int32),
        boxes=joined[:, :4],
        points=joined[:, 4:14].reshape(-1, 5, 2),
        scores=joined[:, 14],
    )
    print(f"{len(joined)} faces in {row} pictures", file=sys.stderr)


if __name__ == "__main__":
    main()
