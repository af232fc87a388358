"""YuNet through OpenCV: times on the pictures. Arguments: folder, folder of the ONNX files, answer."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from timing import answer, measure, pictures


def main() -> None:
    """Measure each YuNet file at a long side of 640 and of 320 px."""
    cv2.setNumThreads(1)
    images = pictures(Path(sys.argv[1]))
    times, found = {}, {}
    for path in sorted(Path(sys.argv[2]).glob("*yunet*.onnx")):
        for side in (640, 320):
            scaled = [_scaled(image, side) for image in images]
            detector = cv2.FaceDetectorYN.create(str(path), "", scaled[0].shape[1::-1], 0.6)
            name = f"{path.stem} at {side}"
            times[name] = measure(detector.detect, scaled)
            counts = [0 if faces is None else len(faces) for _, faces in map(detector.detect, scaled)]
            found[name] = float(np.mean([count == 1 for count in counts]))
    answer({"version": f"OpenCV {cv2.__version__}", "times": times, "found": found})


def _scaled(image: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(image.shape[:2])
    return cv2.resize(image, (round(image.shape[1] * scale), round(image.shape[0] * scale)))


if __name__ == "__main__":
    main()
