"""`fer`: times on the pictures, answers on the FER test faces. Arguments: folder, faces.npz or "-", answer."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from fer.fer import FER
from timing import EVERY, answer, measure, padded, pictures

ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def main() -> None:
    """Measure the default (Haar cascade, quantised network) and the full network."""
    cv2.setNumThreads(1)
    images = pictures(Path(sys.argv[1]))
    quick = FER()
    result = {
        "version": version("fer"),
        "times": {"detector and expression": measure(quick.detect_emotions, images)},
        "found": float(np.mean([len(quick.detect_emotions(image)) == 1 for image in images])),
    }
    if sys.argv[2] != "-":
        faces = np.load(sys.argv[2])["images"]
        # The faces are FER-2013's own crops, which the network was trained on: no margin is added.
        result["given"] = _given(FER(offsets=(0, 0)), faces)
        result["given_full"] = _given(FER(offsets=(0, 0), use_tflite=False), faces)
        result["itself"] = [_best(quick.detect_emotions(padded(face))) for face in faces[::EVERY]]
    answer(result)


def _given(network: FER, faces: np.ndarray) -> list[int]:
    """Return the class of each (n, 48, 48) face, given as one tall picture with a box a face."""
    found = []
    for start in range(0, len(faces), 128):
        part = faces[start : start + 128]
        side = part.shape[1]
        tall = cv2.cvtColor(part.reshape(-1, side), cv2.COLOR_GRAY2BGR)
        boxes = [(0, row * side, side, side) for row in range(len(part))]
        found += [_best([one]) for one in network.detect_emotions(tall, boxes)]
    return found


def _best(found: list[dict]) -> int:
    """Return the class of the largest face, -1 for none."""
    if not found:
        return -1
    largest = max(found, key=lambda one: one["box"][2] * one["box"][3])["emotions"]
    return max(range(7), key=lambda index: largest[ORDER[index]])


if __name__ == "__main__":
    main()
