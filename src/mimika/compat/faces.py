"""What the two drop-in interfaces share: pictures as those tools take them, and their seven names of expressions."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from functools import lru_cache
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.api import Analyzer
from mimika.data.errors import InputCorrupt, ShapeError
from mimika.data.labels import FER2013
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.stages.write.landmarks import seven

NAMES = dict(
    zip(FER2013, ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"), strict=True),
)
"""What deepface and fer call our expressions, in the order of their answers; they know no contempt."""

Image = Any
"""A path or address, a BGR (height, width, 3) or grey array, a base64 text, or an open binary file."""


@lru_cache(maxsize=4)
def analyzer(options: Options) -> Analyzer:
    """Return an analyzer with these options; networks are loaded once."""
    return Analyzer(options)


def analysed(image: Image, faces_max: int | None = None) -> Observation:
    """Analyse one picture given as deepface and fer take it.

    Raises:
        InputError: if it cannot be read.
        ShapeError: if an array is no picture.
    """
    options = Options() if faces_max is None else replace(Options(), faces_max=faces_max)
    return analyzer(options).image(opened(image)).observation


def opened(image: Image) -> str | NDArray[np.uint8]:
    """Return a path, or the picture as RGB or grey.

    Raises:
        InputCorrupt: if a text or file holds no picture.
        ShapeError: if an array is no picture.
    """
    if isinstance(image, np.ndarray):
        return from_bgr(image)
    if hasattr(image, "read"):
        return _decoded(_bytes(image), getattr(image, "name", "the file"))
    text = str(image)
    if text.startswith("data:image/") and ";base64," in text:
        try:
            return _decoded(base64.b64decode(text.split(";base64,", 1)[1], validate=True), "the base64 text")
        except binascii.Error as error:
            raise InputCorrupt("the base64 text", "is not base64") from error
    return text


def from_bgr(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn OpenCV's order of colours into RGB; numbers of other types than uint8 are taken as 0..255, or as 0..1.

    Raises:
        ShapeError: if it is no picture.
    """
    if picture.dtype != np.uint8 and picture.size:
        scale = 255.0 if picture.dtype.kind == "f" and picture.max() <= 1.0 else 1.0
        picture = np.clip(np.round(picture * scale), 0, 255).astype(np.uint8)
    if picture.ndim == 4 and len(picture) == 1:
        picture = picture[0]
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    if picture.ndim == 3 and picture.shape[2] == 4:
        picture = picture[..., :3]
    if picture.ndim == 3 and picture.shape[2] == 3:
        return np.ascontiguousarray(picture[..., ::-1])
    if picture.ndim != 2:
        raise ShapeError(f"picture: expected (height, width, 3) in BGR or (height, width), received {picture.shape}")
    return np.ascontiguousarray(picture)


def shares(observation: Observation) -> list[dict[str, float]]:
    """Return the seven probabilities, 0..1 and together 1, of each face by the names of those tools."""
    table = seven(observation.expressions.probabilities).tolist()
    return [dict(zip(NAMES.values(), row, strict=True)) for row in table]


def whole_boxes(observation: Observation) -> list[tuple[int, int, int, int]]:
    """Return x, y, width, height of each face in whole pixels, cut at the picture's edges."""
    size = np.array([observation.frame.width, observation.frame.height])
    low = np.clip(np.round(observation.faces.boxes[:, :2]), 0, size)
    high = np.clip(np.round(observation.faces.boxes[:, :2] + observation.faces.boxes[:, 2:]), 0, size)
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in np.column_stack([low, high - low]).tolist()]


def _bytes(file: IO[bytes]) -> bytes:
    content = file.read()
    if not isinstance(content, bytes):
        raise InputCorrupt(str(getattr(file, "name", "the file")), "was opened as text; open it with 'rb'")
    return content


def _decoded(content: bytes, name: str) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if picture is None:
        raise InputCorrupt(str(name), "holds no picture that can be read")
    return from_bgr(np.asarray(picture, np.uint8))
