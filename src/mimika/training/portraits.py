"""One-face portraits: faces padded into scenes without faces, the same ones each time."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.training.composites import FACE_VERTICES, Luma, Scene, paste
from mimika.training.pictures import LabelledFaces

WIDTH, HEIGHT = 480, 360
FACE_SIZES = (40.0, 220.0)
"""Geometric mean of the face box's sides, in pixels of the portrait."""


def portraits(
    faces: list[tuple[LabelledFaces, NDArray[np.intp]]], scenes: list[Luma], count: int, seed: int
) -> list[tuple[Luma, NDArray[np.float32]]]:
    """Return `count` pictures of WIDTH × HEIGHT with one uncovered face each, and its (4,) box x, y, width, height.

    `faces` are sets with the rows to draw from; `scenes` are the backgrounds.
    """
    rng = np.random.default_rng(seed)
    made: list[tuple[Luma, NDArray[np.float32]]] = []
    while len(made) < count:
        pictures, rows = faces[int(rng.integers(len(faces)))]
        row = int(rng.choice(rows))
        back = scenes[int(rng.integers(len(scenes)))]
        scene = Scene.of(np.asarray(cv2.resize(back, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8))
        size = float(np.exp(rng.uniform(*np.log(FACE_SIZES))))
        low, high = np.full(2, 0.6 * size), np.array([WIDTH, HEIGHT]) - 0.6 * size
        centre = rng.uniform(np.minimum(low, high), np.maximum(low, high))
        mesh = pictures.points[row][:FACE_VERTICES]
        if not np.isfinite(mesh).all():
            continue
        luma = np.ascontiguousarray(pictures.picture(row))
        paste(scene, luma, pictures.points[row], size, 0.0, centre, rng, occluded=0.0, whole=True)
        box = scene.boxes[0].copy()
        box[2:] -= box[:2]
        made.append((scene.luma, box))
    return made
