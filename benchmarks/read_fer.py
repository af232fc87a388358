"""`fer`: times on the pictures, answers on the FER test faces. Arguments: folder, faces.npz or "-", answer."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from fer.fer import FER
from timing import answer, measure, padded, pictures

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
        given = FER(offsets=(0, 0))
        full = FER(offsets=(0, 0), use_tflite=False)
        result["given"] = [_given(given, face) for face in faces]
        result["given_full"] = [_given(full, face) for face in faces]
        result["itself"] = [_best(quick.detect_emotions(padded(face))) for face in faces]
    answer(result)


def _given(network: FER, face: np.ndarray) -> int:
    box = [(0, 0, face.shape[1], face.shape[0])]
    return _best(network.detect_emotions(cv2.cvtColor(face, cv2.COLOR_GRAY2BGR), box))


def _best(found: list[dict]) -> int:
    """Return the class of the largest face, -1 for none."""
    if not found:
        return -1
    largest = max(found, key=lambda one: one["box"][2] * one["box"][3])["emotions"]
    return max(range(7), key=lambda index: largest[ORDER[index]])


if __name__ == "__main__":
    main()
