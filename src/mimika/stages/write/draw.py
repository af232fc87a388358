"""Draws what was found onto a picture.

Text uses the variable font built into OpenCV 5 (Rubik, "sans"), which holds full Cyrillic, Kazakh and Ukrainian
letters among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.labels import TRANSLATIONS
from mimika.data.observation import Observation

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "neutral": (205, 210, 218), "happiness": (255, 200, 60), "surprise": (255, 138, 212), "sadness": (96, 172, 255),
    "anger": (255, 96, 84), "disgust": (98, 204, 120), "fear": (184, 142, 255), "contempt": (222, 160, 104),
    "unsure": (150, 156, 168),
}  # fmt: skip
"""RGB, all bright, so that they stand out from the dark plate behind text and from the dark rim of the box."""

_PLATE: Colour = (16, 17, 22)
_TEXT: Colour = (250, 250, 252)
_PLATE_ALPHA, _MESH_ALPHA = 0.72, 0.8
_SMALLEST_TEXT = 9.0
_WEIGHT = 500
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class _Plate:
    """Where a label goes: whole pixels, all inside the picture."""

    left: int
    top: int
    width: int
    height: int
    pad: int
    text: str
    size: int
    baseline: int


def draw(rgb: Picture, observation: Observation, language: str = "en", mesh: bool = False) -> Picture:
    """Return a copy of the (height, width, 3) RGB picture with boxes, ids, labels with a bar, and the mesh on request.

    Sizes follow the picture and each face; nothing is drawn outside of the picture, and a label that has no room is
    left out. `language` is one of `labels.LANGUAGES`.
    """
    picture = np.ascontiguousarray(rgb).copy()
    labels, sure = observation.expressions.labels, observation.expressions.confidences
    if mesh:
        for points, label in zip(observation.measurements.meshes, labels, strict=True):
            _draw_mesh(picture, points, COLOURS[label])
    for box, label in zip(observation.faces.boxes, labels, strict=True):
        _draw_box(picture, box, COLOURS[label])
    for box, label, share, identity in zip(observation.faces.boxes, labels, sure, observation.faces.ids, strict=True):
        who = f"{identity}  " if identity >= 0 else ""
        plate = _place(picture, box, f"{who}{TRANSLATIONS[language][label]} {100 * share:.0f} %")
        if plate:
            _draw_plate(picture, plate, COLOURS[label], float(share))
    return picture


def text_size(shape: tuple[int, ...], box_width: float) -> float:
    """Return the text height in pixels for a face: 3.2 % of the picture's short side, less for small faces."""
    return max(_SMALLEST_TEXT, min(max(0.032 * min(shape[:2]), 15.0), 0.2 * box_width))


def put_text(picture: Picture, text: str, at: tuple[int, int], size: int, colour: Colour = _TEXT) -> None:
    """Write anti-aliased text into the RGB picture; `at` is the left end of the baseline in pixels."""
    cv2.putText(picture, text, at, colour, _font(), size, _WEIGHT)


def text_width(text: str, size: int) -> int:
    """Return the width of a text in pixels."""
    return int(cv2.getTextSize((1 << 14, 1 << 10), text, (0, size * 2), _font(), size, _WEIGHT)[2])


def _place(picture: Picture, box: NDArray[np.float32], text: str) -> _Plate | None:
    """Find room for a label above the box, else below it, else inside; None where the picture is too small."""
    height, width = picture.shape[:2]
    size = round(text_size(picture.shape, float(box[2])))
    while text_width(text, size) + 2 * round(0.45 * size) > width and size > _SMALLEST_TEXT:
        size -= 1
    pad, bar = round(0.45 * size), max(2, round(0.22 * size))
    wide, tall = text_width(text, size) + 2 * pad, round(1.15 * size) + 3 * pad // 2 + bar
    if wide > width or tall > height:
        return None
    gap = max(1, size // 4)
    above, below = round(float(box[1])) - gap - tall, round(float(box[1] + box[3])) + gap
    top = above if above >= 0 else below if below + tall <= height else round(float(box[1])) + gap
    top = min(max(top, 0), height - tall)
    left = min(max(round(float(box[0])), 0), width - wide)
    return _Plate(left, top, wide, tall, pad, text, size, top + pad // 2 + size)


def _draw_plate(picture: Picture, plate: _Plate, colour: Colour, share: float) -> None:
    mask = np.zeros((plate.height, plate.width), np.uint8)
    _rounded(mask, 0, 0, plate.width, plate.height, round(0.35 * plate.size))
    _blend(picture, mask, plate.left, plate.top, _PLATE, _PLATE_ALPHA)
    put_text(picture, plate.text, (plate.left + plate.pad, plate.baseline), plate.size)
    bar, room = max(2, round(0.22 * plate.size)), plate.width - 2 * plate.pad
    top = plate.top + plate.height - plate.pad // 2 - bar
    for part, alpha in ((1.0, 0.25), (share, 1.0)):
        mask = np.zeros((bar, room), np.uint8)
        _rounded(mask, 0, 0, max(bar, round(room * part)), bar, bar // 2)
        _blend(picture, mask, plate.left + plate.pad, top, colour, alpha)


def _draw_box(picture: Picture, box: NDArray[np.float32], colour: Colour) -> None:
    """Draw a rounded rectangle, its dark rim first, so that it is seen on light and on dark."""
    height, width = picture.shape[:2]
    thick = max(1, round(text_size(picture.shape, float(box[2])) / 8))
    edge = thick + 1
    low = np.clip(box[:2], edge, (width - 1 - edge, height - 1 - edge))
    high = np.clip(box[:2] + box[2:], edge, (width - 1 - edge, height - 1 - edge))
    if (high - low < 2).any():
        return
    outline = _outline(low, high, 0.12 * float((high - low).min()))
    fixed = np.round(outline * (1 << _SHIFT)).astype(np.int32)
    cv2.polylines(picture, [fixed], True, _PLATE, thick + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, [fixed], True, colour, thick, cv2.LINE_AA, _SHIFT)


def _outline(low: NDArray[np.float32], high: NDArray[np.float32], radius: float) -> NDArray[np.float64]:
    """Return the points of a rectangle with round corners."""
    turns = np.linspace(0, np.pi / 2, 9)
    centres = [(high[0], high[1]), (low[0], high[1]), (low[0], low[1]), (high[0], low[1])]
    parts = []
    for quarter, (x, y) in enumerate(centres):
        angle = turns + quarter * np.pi / 2
        inward = radius * np.array([-1 if quarter in (0, 3) else 1, -1 if quarter in (0, 1) else 1])
        parts.append(np.array([x, y]) + inward + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return np.concatenate(parts)


def _draw_mesh(picture: Picture, mesh: NDArray[np.float32], colour: Colour) -> None:
    """Draw the mesh lines and the irises, half transparent."""
    height, width = picture.shape[:2]
    flat = mesh[:, :2]
    left, top = np.clip(np.floor(flat.min(0)) - 2, 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(flat.max(0)) + 3, 0, (width, height)).astype(int)
    if right - left < 2 or bottom - top < 2 or not np.isfinite(flat).all():
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    fixed = np.round((flat - (left, top)) * (1 << _SHIFT)).astype(np.int32)
    # Lines lie denser in a small face: paler ones leave it visible.
    strength = round(150 * min(1.0, max(0.3, float(right - left) / 300)))
    cv2.polylines(mask, list(fixed[mesh_edges()]), False, strength, 1, cv2.LINE_AA, _SHIFT)
    for centre in (468, 473):
        radius = np.hypot(*(flat[centre + 1 : centre + 5] - flat[centre]).T).mean()
        where = (int(fixed[centre, 0]), int(fixed[centre, 1]))
        cv2.circle(mask, where, round(float(radius) * (1 << _SHIFT)), 255, 1, cv2.LINE_AA, _SHIFT)
    _blend(picture, mask, left, top, colour, _MESH_ALPHA)


@lru_cache(maxsize=1)
def mesh_edges() -> NDArray[np.intp]:
    """Return (m, 2) vertex pairs: the Delaunay triangulation of the mean face without its irises."""
    with resources.files("mimika.models").joinpath("mean_face.npz").open("rb") as file, np.load(file) as arrays:
        points = np.asarray(arrays["points"][:468, :2], np.float32) * 100 + 500
    plane = cv2.Subdiv2D((0, 0, 1000, 1000))
    plane.insert(points.tolist())
    corners = np.asarray(plane.getTriangleList()).reshape(-1, 3, 2)
    distances = np.abs(corners[:, :, None] - points).sum(3)
    # Triangles that reach to the three far corners of the plane are not of the face.
    triangles = distances.argmin(2)[(distances.min(2) < 0.01).all(1)]
    pairs = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return np.unique(pairs, axis=0)


def _rounded(mask: Picture, left: int, top: int, width: int, height: int, radius: int) -> None:
    """Fill a rectangle with round corners in a mask."""
    low, high = np.array([left, top]) - 0.5, np.array([left + width, top + height]) - 0.5
    outline = _outline(low.astype(np.float32), high.astype(np.float32), min(radius, width / 2, height / 2))
    cv2.fillPoly(mask, [np.round(outline * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)


def _blend(picture: Picture, mask: Picture, left: int, top: int, colour: Colour, alpha: float) -> None:
    """Lay a colour over the part of the picture below the mask."""
    part = picture[top : top + mask.shape[0], left : left + mask.shape[1]]
    weight = np.minimum(mask.astype(np.float32) * (alpha / 255), 1)[..., None]
    part[:] = np.round(part + (np.array(colour, np.float32) - part) * weight).astype(np.uint8)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")
