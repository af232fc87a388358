"""More to learn from than labels: what larger networks say of every face, and faces that nobody labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import FER2013, FERPLUS
from mimika.engine.registry import open_session
from mimika.stages.faces.align import EXPRESSION_CROP, crop
from mimika.stages.recognize.calibrate import Calibration
from mimika.training.augment import disturbed
from mimika.training.expression_data import ExpressionFaces, crop_matrices
from mimika.training.pictures import LabelledFaces, labelled_faces

BATCH, VOTES = 128, 10
CORNERS = ((0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Where a teacher looks: straight on, and with the crop moved towards each corner."""


def with_extra_faces(
    faces: ExpressionFaces, data: Path, labels: Path, cache: Path, sets: Sequence[str]
) -> ExpressionFaces:
    """Return `faces` followed by every face of other sets such as "people" that the mesh teacher found.

    The added rows have no votes and the label -1.

    Raises:
        InputMissing: if pictures or the teacher's points are not there.
    """
    for name in sets:
        more = labelled_faces(data, labels, cache, name)
        faces = faces.joined(unlabelled(more, more.points, np.flatnonzero(more.found)))
    return faces


def unlabelled(faces: LabelledFaces, meshes: NDArray[np.float32], rows: NDArray[np.intp]) -> ExpressionFaces:
    """Return the chosen rows of a set, cropped by `meshes` (n, 478, 3); they have no votes and the label -1."""
    found = np.ones(len(rows), np.bool_)
    return ExpressionFaces(
        pictures=[np.ascontiguousarray(faces.picture(int(row))) for row in rows],
        matrices=crop_matrices(meshes[rows], found),
        votes=np.zeros((len(rows), VOTES), np.int64),
        labels=np.full(len(rows), -1, np.int64),
        points=meshes[rows],
        found=found,
    )


def answers(
    teachers: Sequence[str | Path], faces: ExpressionFaces, shift: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what teachers, shipped names or files, say of each face: (n, 8) FER+ and (n, 7) FER-2013 probabilities.

    The mean over the teachers and over each face and its mirrored picture, and with a `shift` in pixels of the crop
    over the five `CORNERS`; calibrated as the teachers' cards say.

    Raises:
        ModelError: if a teacher or its card cannot be used.
    """
    total8, total7 = np.zeros((len(faces), len(FERPLUS))), np.zeros((len(faces), len(FER2013)))
    looks = [(shift * x, shift * y) for x, y in CORNERS] if shift else [(0.0, 0.0)]
    for teacher in teachers:
        card, session = open_session(teacher)
        eight, seven = Calibration.of(card, len(FERPLUS)), Calibration.of(card, len(FER2013), "7")
        for look in looks:
            for rows, batch in _batches(faces, look):
                outputs = session.run(np.concatenate([batch, batch[..., ::-1]]))
                total8[rows] += eight.probabilities(outputs["logits"]).reshape(2, len(batch), -1).mean(0)
                total7[rows] += seven.probabilities(outputs["logits7"]).reshape(2, len(batch), -1).mean(0)
    count = len(teachers) * len(looks)
    return (total8 / count).astype(np.float32), (total7 / count).astype(np.float32)


def _batches(faces: ExpressionFaces, shift: tuple[float, float]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    still = np.eye(2)
    for start in range(0, len(faces), BATCH):
        rows = slice(start, min(start + BATCH, len(faces)))
        crops = [
            crop(picture, disturbed(matrix, still, np.array(shift), EXPRESSION_CROP.side), EXPRESSION_CROP)
            for picture, matrix in zip(faces.pictures[rows], faces.matrices[rows], strict=True)
        ]
        yield rows, np.stack(crops)[:, None].astype(np.float32) / np.float32(255)
