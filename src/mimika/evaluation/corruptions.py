"""What the world does to a face picture before a network sees it: each the same for every model, and every time.

All are stated in shares of the face's side, so that a 48 px crop and a portrait suffer alike. Chance (directions,
noise) comes from a generator seeded by the corruption's name and the picture's number.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import boxes_of

Luma = NDArray[np.uint8]
EYES = (70, 300, 346, 117)
"""Mesh vertices around both eyes: the brows' outer ends, and the cheeks below the eyes."""
MOUTH = (61, 291, 2, 199)
"""Mesh vertices around the mouth: its corners, the base of the nose, the chin."""
EYE_LINE = (33, 263)
"""The eyes' outer corners."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the face is in its picture.

    `side` in pixels: the shorter side of a tight picture, else the longer side of the mesh's box; `mesh` (478, 2) in
    pixels; `tight` when the picture is the face.
    """

    side: float
    mesh: NDArray[np.float32]
    tight: bool

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the mesh's box, x and y."""
        x, y, width, height = boxes_of(self.mesh[None])[0]
        return float(x + width / 2), float(y + height / 2)


Step = Callable[[Luma, Place, np.random.Generator], Luma]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One line of the table: `key` in files, `title` for people, `about` what exactly is done."""

    key: str
    title: str
    about: str
    step: Step

    def __call__(self, picture: Luma, place: Place, number: int, seed: int = 0) -> Luma:
        """Return the corrupted (height, width) picture; `number` is its row in the set."""
        rng = np.random.default_rng((seed, zlib.crc32(self.key.encode()), number))
        return self.step(np.ascontiguousarray(picture), place, rng)


def _smaller(side: int) -> Step:
    def step(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
        factor = side / place.side
        if factor >= 1:
            return picture
        height, width = picture.shape
        size = max(4, round(width * factor)), max(4, round(height * factor))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    return step


def _blur(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.03 * place.side, 0.1)), np.uint8)


def _motion(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    length = max(3, round(0.15 * place.side)) | 1
    angle, reach = rng.uniform(0, np.pi), (length - 1) / 2
    end = np.array([np.cos(angle), np.sin(angle)]) * reach
    kernel = np.zeros((length, length), np.float32)
    first, last = np.round(reach - end).astype(int), np.round(reach + end).astype(int)
    cv2.line(kernel, (int(first[0]), int(first[1])), (int(last[0]), int(last[1])), 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def _light(gain: float) -> Step:
    def step(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
        return np.asarray(np.round(np.clip(picture * np.float32(gain), 0, 255)), np.uint8)

    return step


def _noise(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    field = rng.normal(0, 20, picture.shape)
    return np.round(np.clip(picture + field, 0, 255)).astype(np.uint8)


def _jpeg(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 10])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _turned(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    matrix = cv2.getRotationMatrix2D(place.centre, float(rng.choice([-30, 30])), 1.0)
    return _warped(picture, np.asarray(matrix, np.float64))


def _shifted(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
    x, y = ((1, 0), (-1, 0), (0, 1), (0, -1))[rng.integers(4)]
    shift = 0.1 * place.side
    return _warped(picture, np.array([[1, 0, x * shift], [0, 1, y * shift]]))


def _warped(picture: Luma, matrix: NDArray[np.float64]) -> Luma:
    size = picture.shape[1], picture.shape[0]
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _covered(vertices: tuple[int, ...], margin: float, grey: int) -> Step:
    """Cover the box around the vertices, upright to the line of the eyes, widened by a share of the side."""

    def step(picture: Luma, place: Place, rng: np.random.Generator) -> Luma:
        along = place.mesh[EYE_LINE[1], :2] - place.mesh[EYE_LINE[0], :2]
        along = along / max(float(np.hypot(*along)), 1e-6)
        axes = np.array([along, (-along[1], along[0])])
        points = place.mesh[list(vertices), :2] @ axes.T
        low, high = points.min(0) - margin * place.side, points.max(0) + margin * place.side
        corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])]) @ axes
        return np.asarray(cv2.fillPoly(picture.copy(), [np.round(corners).astype(np.int32)], grey), np.uint8)

    return step


CORRUPTIONS = (
    *(
        Corruption(f"side-{side}", f"face side {side} px", f"averaged down until the face is {side} px", _smaller(side))
        for side in (48, 32, 24, 16)
    ),
    Corruption("blur", "blur", "Gaussian, standard deviation 3 % of the face's side", _blur),
    Corruption("motion-blur", "motion blur", "along a line of 15 % of the side, in any direction", _motion),
    Corruption("dark", "dark", "a fifth of the light, 8 bits kept", _light(0.2)),
    Corruption("bright", "bright", "1.8 times the light, clipped", _light(1.8)),
    Corruption("noise", "noise", "Gaussian, standard deviation 20 of 255", _noise),
    Corruption("jpeg", "JPEG", "quality 10", _jpeg),
    Corruption("rotation", "rotation ±30°", "about the face's centre, either way", _turned),
    Corruption("eyes", "occluded eyes", "a black bar from the brows to below the eyes", _covered(EYES, 0.02, 16)),
    Corruption("mouth", "occluded mouth", "a light box from the nose to the chin", _covered(MOUTH, 0.03, 200)),
    Corruption("frame-off", "crop off ±10 %", "the picture moved by 10 % of the side, one of four ways", _shifted),
)
"""The table, in its order; outside a moved or turned picture its border is repeated."""


KEYS = tuple(one.key for one in CORRUPTIONS)
