"""mimika itself: times on the pictures, answers on the FER test faces. Arguments: folder, faces.npz or "-", answer."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from timing import EVERY, answer, measure, padded, pictures

import mimika
from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.pipeline import Pipeline
from mimika.stages.faces.align import EXPRESSION_CROP, MESH_CROP, matrices_from_five, matrices_from_meshes
from mimika.stages.faces.crops import crop_batch
from mimika.stages.faces.detect import Detector
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.recognize.classify import Classifier


def main() -> None:
    """Measure the whole flow in video and in photos, and each network alone."""
    cv2.setNumThreads(1)
    lumas = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in pictures(Path(sys.argv[1]))]
    frames = [Frame(luma, time_s=number / 25, number=number) for number, luma in enumerate(lumas)]
    pipeline = Pipeline(Options())
    photos = [pipeline.process_photo(frame) for frame in frames]
    result = {
        "version": mimika.__version__,
        "times": {
            "video: detector every 10th frame, mesh, pose, expression": measure(pipeline.process, frames),
            "photo: detector, mesh, pose, expression": measure(pipeline.process_photo, frames),
            **_alone(lumas),
        },
        "found": float(np.mean([len(photo) == 1 for photo in photos])),
    }
    if sys.argv[2] != "-":
        faces = np.load(sys.argv[2])["images"]
        result["itself"], result["itself7"] = zip(*[_read(pipeline, face) for face in faces[::EVERY]], strict=True)
    answer(result)


def _alone(lumas: list[np.ndarray]) -> dict[str, dict[str, float]]:
    """Measure the detector at two sizes, and the other networks on the faces it finds."""
    times = {}
    for side in (640, 320):
        scaled = [cv2.resize(luma, (side, round(side * luma.shape[0] / luma.shape[1]))) for luma in lumas]
        times[f"detector at {side}"] = measure(Detector(Options(detect_side=side)).detect, scaled)
    detector, mesh, classifier = Detector(Options()), MeshNet(Options()), Classifier(Options())
    first = [(luma, matrices_from_five(detector.detect(luma).points[:1], MESH_CROP)) for luma in lumas]
    first = [(luma, matrix) for luma, matrix in first if len(matrix)]
    times["mesh"] = measure(lambda item: mesh.measure(*item), first)
    second = [(luma, matrices_from_meshes(mesh.measure(luma, matrix)[0], EXPRESSION_CROP)) for luma, matrix in first]
    times["expression"] = measure(lambda item: classifier.classify(*item), second)
    return times


def _read(pipeline: Pipeline, face: np.ndarray) -> tuple[int, int]:
    """Return the FER+ and the FER-2013 class of the largest face in a padded picture, -1 for none."""
    luma = cv2.cvtColor(padded(face), cv2.COLOR_BGR2GRAY)
    seen = pipeline.process_photo(Frame(luma))
    if not len(seen):
        return -1, -1
    crops = crop_batch(luma, matrices_from_meshes(seen.measurements.meshes[:1], EXPRESSION_CROP), EXPRESSION_CROP)
    seven = open_session("expression")[1].run(crops)["logits7"]
    return int(seen.expressions.probabilities[0].argmax()), int(seven[0].argmax())


if __name__ == "__main__":
    main()
