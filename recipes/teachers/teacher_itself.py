"""How well the mesh teacher agrees with itself: on the mirrored picture, and with a wider border.

    PYTHONPATH=src build/mediapipe/bin/python recipes/teachers/teacher_itself.py ../shared/data build/teacher \
        --json docs/results/teacher.json

Runs where `label_mesh.py` runs, on its labels of held-out persons of `faces`. A student can hardly come closer.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import label_mesh
import mediapipe as mp
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from mimika.training.splits import held_out

ROOT = Path(__file__).resolve().parents[2]
WIDER = 0.45


def meshed(teacher: mp.solutions.face_mesh.FaceMesh, rgb: np.ndarray) -> np.ndarray | None:
    """Return the (478, 2) points of one picture in its pixels, or None."""
    picture, scale, border = label_mesh.padded(rgb)
    found = teacher.process(picture).multi_face_landmarks
    if not found:
        return None
    height, width = picture.shape[:2]
    return (np.array([(p.x * width, p.y * height) for p in found[0].landmark]) - border) / scale


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--faces", type=int, default=300)
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    rows = [
        row
        for file in sorted((options.data / "faces").glob("*.parquet"))
        for row in pq.read_table(file, columns=["image"]).column("image").to_pylist()
    ]
    labels = np.load(options.labels / "faces.npz")
    points, found = labels["points"][..., :2], labels["found"]
    mirror = np.load(ROOT / "src/mimika/models/mean_face.npz")["mirror"]
    gaps: dict[str, list[float]] = {"mirrored": [], "wider_border": []}
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as teacher:
        for row in [i for i, item in enumerate(rows) if found[i] and held_out(item["path"])][: options.faces]:
            rgb = np.asarray(Image.open(io.BytesIO(rows[row]["bytes"])).convert("RGB"))
            truth = points[row]
            eyes = np.linalg.norm((truth[33] + truth[133] - truth[362] - truth[263]) / 2)
            flipped = meshed(teacher, np.ascontiguousarray(rgb[:, ::-1]))
            if flipped is not None:
                flipped[:, 0] = rgb.shape[1] - 1 - flipped[:, 0]
                gaps["mirrored"].append(float(np.linalg.norm(flipped[mirror] - truth, axis=1).mean() / eyes))
            usual, label_mesh.PADDING = label_mesh.PADDING, WIDER
            wider = meshed(teacher, rgb)
            label_mesh.PADDING = usual
            if wider is not None:
                gaps["wider_border"].append(float(np.linalg.norm(wider - truth, axis=1).mean() / eyes))
    result: dict[str, object] = {
        name: {"n": len(values), "mean_percent": round(100 * float(np.mean(values)), 2)}
        for name, values in gaps.items()
    }
    result["command"] = "python recipes/teachers/teacher_itself.py ../shared/data build/teacher --json FILE"
    options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
