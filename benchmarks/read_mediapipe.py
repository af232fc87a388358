"""MediaPipe Face Mesh (refined): times on the pictures. Arguments: folder, "-", answer."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import mediapipe as mp
from timing import answer, measure, pictures


def main() -> None:
    """Measure photos (detector and mesh each time) and video (the mesh follows the face)."""
    cv2.setNumThreads(1)
    images = [cv2.cvtColor(image, cv2.COLOR_BGR2RGB) for image in pictures(Path(sys.argv[1]))]
    times, found = {}, {}
    for name, static in (("video: mesh follows", False), ("photo: detector and mesh", True)):
        with mp.solutions.face_mesh.FaceMesh(static_image_mode=static, refine_landmarks=True) as mesh:
            times[name] = measure(mesh.process, images)
            found[name] = sum(bool(mesh.process(image).multi_face_landmarks) for image in images) / len(images)
    answer({"version": mp.__version__, "times": times, "found": found})


if __name__ == "__main__":
    main()
