"""Find faces: one network over the whole picture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.faces import Faces
from mimika.data.options import Options
from mimika.engine.registry import open_session

STRIDES = (8, 16, 32)
STEP = STRIDES[-1]
ENLARGE_MOST = 2.0
SAME_FACE = 0.4
"""Boxes that overlap more, by intersection over union, are one face."""

_CANDIDATES_MOST = 1500
_LOG_SIZE = 6.0


class Detector:
    """The shipped `detect` network, or the one at `model`, with the user's options.

    Reads `detect_side`, `min_score`, `faces_max` and `threads`.

    Raises:
        ModelError: if the network is missing, altered or not a detector.
    """

    def __init__(self, options: Options, model: str = "detect") -> None:
        self.options = options
        self.card, self._session = open_session(model, options.threads)

    def detect(self, luma: NDArray[np.uint8], ease: float = 1.0) -> Faces:
        """Return the faces of a (height, width) uint8 picture, best first, ids -1, in pixels of the picture.

        `ease` 0..1 lowers `min_score` by that factor, for callers that check what they get.
        """
        if min(luma.shape) == 0:
            return Faces.empty()
        batch, scale = prepare(luma, self.options.detect_side)
        least = self.options.min_score * ease
        found = self._session.run(batch)
        boxes, points, scores = decode(found["scores"][0], found["shapes"][0], batch.shape[2:], least)
        kept = suppress(boxes, scores)[: self.options.faces_max]
        # Centres of pixels lie at whole numbers, in the network's picture as in the user's.
        back = 1.0 / scale
        boxes, places = boxes[kept], (points[kept] + 0.5) * back - 0.5
        boxes[:, :2] = (boxes[:, :2] + 0.5) * back - 0.5
        boxes[:, 2:] *= back
        return Faces(boxes, scores[kept], places.astype(np.float32), np.full(len(kept), -1, np.int64))


def prepare(luma: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Scale a picture so that its long side is `side`, at most twofold up, and pad it to whole steps.

    Returns the batch (1, 1, h, w) uint8, h and w multiples of 32, and the scale in x and y.
    """
    height, width = luma.shape
    ratio = min(side / max(height, width), ENLARGE_MOST)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    # Averaging whole blocks first is faster than one area resize by a broken factor, and aliases as little.
    shrink = int(1.0 / ratio)
    if shrink >= 2:
        blocks = (max(1, width // shrink), max(1, height // shrink))
        luma = np.asarray(cv2.resize(luma, blocks, interpolation=cv2.INTER_AREA), np.uint8)
    if luma.shape[::-1] != size:
        luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    padded = luma
    if size[0] % STEP or size[1] % STEP:
        padded = np.zeros((-(-size[1] // STEP) * STEP, -(-size[0] // STEP) * STEP), np.uint8)
        padded[: size[1], : size[0]] = luma
    return np.ascontiguousarray(padded)[None, None], np.array([size[0] / width, size[1] / height])


def decode(
    scores: NDArray[np.float32], shapes: NDArray[np.float32], shape: tuple[int, ...], min_score: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Read the faces out of what the network says of its k cells, best first.

    `scores` (k,), `shapes` (14, k), `shape` height and width of the network's picture. Returns boxes (n, 4) x, y,
    width, height and points (n, 5, 2) in pixels of that picture, and scores (n,), all of at least `min_score`.
    """
    rows = np.flatnonzero(scores >= min_score)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:_CANDIDATES_MOST]
    cells, raw = _cells(*shape)[rows], shapes[:, rows].T
    stride = cells[:, 2:]
    size = np.exp(np.clip(raw[:, 2:4], -_LOG_SIZE, _LOG_SIZE)) * stride
    corner = cells[:, :2] + raw[:, :2] * stride - size / 2
    points = raw[:, 4:].reshape(-1, 5, 2) * stride[:, None] + cells[:, None, :2]
    return np.concatenate([corner, size], axis=1), points, scores[rows]


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], same: float = SAME_FACE) -> NDArray[np.intp]:
    """Return the rows of (n, 4) boxes, best (n,) score first, that are not a second view of a better row's face."""
    # The C++ of OpenCV does in microseconds what numpy does in milliseconds when hundreds of cells answer.
    kept = cv2.dnn.NMSBoxes(boxes, scores, 0.0, same)  # type: ignore[arg-type]
    return np.asarray(kept, np.intp).ravel()


@lru_cache(maxsize=16)
def _cells(height: int, width: int) -> NDArray[np.float32]:
    rows = []
    for stride in STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride].reshape(2, -1)
        rows.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.size, stride)], axis=1))
    return np.concatenate(rows).astype(np.float32)
