"""Second looks at a photo in which the detector found nothing."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.faces import Faces
from mimika.data.geometry import iou, transform
from mimika.stages.faces.align import five_points, mean_face
from mimika.stages.faces.follow import FaceDetector
from mimika.stages.faces.places import Places, Seen

_TIGHT_SIDE = 224
_MARGIN = 0.4
_SQUARE_SIDES = 1.6
_LEAST_SIDE, _LARGEST_SIDE = 24, 160
"""Longer side in pixels of a picture that may be one face; of larger ones, photos of clothes were taken for faces."""
_FACE_FILLS = 0.9
_EASE, _LARGE = 0.6, 0.3
"""In the border a face may score less than elsewhere, by this factor, if it takes up so much of the picture."""
_SURE, _SHARED = 0.95, 0.4
"""Least presence, and least overlap with the picture, of a face that was only guessed. On 400 FER-2013 faces and 600
crops of scenes without one this let 90 % and 0.2 % through."""
_FAINT, _FAINT_SIZE, _FAINT_SURE = 0.3, 0.2, 0.99
"""Where nothing else is found a face may score so much less, if it takes up so much of the picture's shorter side and
the mesh network is as good as certain. Of 29 faces of FER-2013's validation split that were missed in pictures with a
border this found 20, and in 700 pictures without a face one."""


def glimpses(detector: FaceDetector, luma: NDArray[np.uint8]) -> Iterator[Places]:
    """Give places to look for faces in a (height, width) photo, one way of looking after the other.

    First what the detector finds. Whoever sees a face there stops; else come what it finds in the picture made smaller
    and set in a wide border, where a face that filled the picture has the surroundings the detector knows, then what it
    takes for a face with little conviction, and last, for a small picture about as wide as high, the whole picture
    taken for one face, as in collections of cropped faces.
    """
    yield Places.detected(detector.detect(luma))
    yield Places.detected(_in_border(detector, luma))
    faint = detector.detect(luma, _FAINT)
    yield Places.detected(faint.take(faint.boxes[:, 2:].min(axis=1, initial=np.inf) >= _FAINT_SIZE * min(luma.shape)))
    if _LEAST_SIDE <= max(luma.shape) <= min(_SQUARE_SIDES * min(luma.shape), _LARGEST_SIDE):
        yield Places.detected(_whole(luma))


def credible(seen: Seen, luma: NDArray[np.uint8], min_score: float) -> Seen:
    """Drop faces that the detector hardly or not at all vouches for, unless the mesh network does.

    One that was only guessed must fill the picture, a faint one a part of it. `min_score` is the detector's usual one.
    """
    picture = np.array([[0, 0, luma.shape[1], luma.shape[0]]])
    boxes, scores = seen.faces.boxes, seen.faces.scores
    fills = (iou(boxes, picture)[:, 0] >= _SHARED) & (seen.presence >= _SURE)
    large = (boxes[:, 2:].min(axis=1, initial=np.inf) >= _FAINT_SIZE * min(luma.shape)) & (seen.presence >= _FAINT_SURE)
    return seen.take(np.where(scores > 0, (scores >= _EASE * min_score) | large, fills))


def _in_border(detector: FaceDetector, luma: NDArray[np.uint8]) -> Faces:
    height, width = luma.shape
    scale = _TIGHT_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    border = round(_MARGIN * _TIGHT_SIDE)
    wide = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REPLICATE)
    faces = detector.detect(np.asarray(wide, np.uint8), _EASE)
    faces = faces.take(faces.boxes[:, 2:].min(axis=1) >= _LARGE * _TIGHT_SIDE)
    # Pixel centres: small pixel u covers picture pixels around (u + 0.5) * ratio - 0.5.
    ratio = np.array([width / size[0], height / size[1]])
    back = np.array([[[ratio[0], 0, 0], [0, ratio[1], 0]]])
    back[0, :, 2] = (0.5 - border) * ratio - 0.5
    many = np.repeat(back, len(faces), axis=0)
    corners = transform(many, faces.boxes[:, None, :2])[:, 0]
    boxes = np.concatenate([corners, faces.boxes[:, 2:] * ratio], axis=1)
    return Faces(boxes.astype(np.float32), faces.scores, transform(many, faces.points).astype(np.float32), faces.ids)


def _whole(luma: NDArray[np.uint8]) -> Faces:
    """Return one face that fills the picture, with score 0 because no detector vouches for it."""
    size = np.array(luma.shape[::-1], np.float64)
    extent = np.ptp(mean_face()[:, :2], axis=0)
    scale = _FACE_FILLS * float((size / extent).min())
    points = five_points(mean_face()[None]) * scale + (size - 1) / 2
    box = np.array([[0, 0, *size]], np.float32)
    return Faces(box, np.zeros(1, np.float32), points.astype(np.float32), np.full(1, -1, np.int64))
