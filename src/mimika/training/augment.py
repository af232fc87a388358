"""Augmentations of luma crops: uint8 (h, w) in, the same out, with a numpy generator; OpenCV does the work."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Augmentation = Callable[[Picture, np.random.Generator], Picture]


def light(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change contrast, brightness and gamma, from dark and flat to bright."""
    table = np.arange(256, dtype=np.float32) / 255
    table = np.power(table, np.exp(rng.normal(0, 0.35)), dtype=np.float32)
    table = (table - 0.5) * np.exp(rng.normal(-0.1, 0.3)) + 0.5 + rng.normal(0, 0.1)
    return cv2.LUT(picture, np.clip(table * 255, 0, 255).astype(np.uint8))  # type: ignore[return-value]


def shade(picture: Picture, rng: np.random.Generator) -> Picture:
    """Light the picture from one side."""
    height, width = picture.shape
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.7)
    ramp = np.cos(angle) * np.linspace(-1, 1, width)[None] + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
    return np.asarray(np.clip(picture * (1 + strength * ramp), 0, 255), np.uint8)


def blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Blur out of focus."""
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0))  # type: ignore[return-value]


def motion(picture: Picture, rng: np.random.Generator) -> Picture:
    """Blur along a line of 3 to 9 pixels."""
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    centre = (length - 1) / 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * centre
    first, last = np.round(centre - reach).astype(int), np.round(centre + reach).astype(int)
    cv2.line(kernel, tuple(map(int, first)), tuple(map(int, last)), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())  # type: ignore[return-value]


def noise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Add sensor noise of 2 to 20 grey levels."""
    field = rng.standard_normal(picture.shape, dtype=np.float32) * rng.uniform(2, 20)
    return np.clip(picture + field, 0, 255).astype(np.uint8)


def coarse(picture: Picture, rng: np.random.Generator) -> Picture:
    """Lose resolution: down to a quarter and up again."""
    share = rng.uniform(0.25, 0.8)
    size = (max(4, round(picture.shape[1] * share)), max(4, round(picture.shape[0] * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def jpeg(picture: Picture, rng: np.random.Generator) -> Picture:
    """Compress hard."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(10, 60))])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)  # type: ignore[return-value]


def occlude(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cover a part with an ellipse or a bar of one grey or of noise, as a hand, a cup or a mask would."""
    height, width = picture.shape
    mask = np.zeros_like(picture)
    centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
    axes = (int(rng.uniform(0.06, 0.28) * width), int(rng.uniform(0.06, 0.28) * height))
    angle = float(rng.uniform(0, 180))
    if rng.random() < 0.5:
        cv2.ellipse(mask, centre, axes, angle, 0, 360, 255, -1)
    else:
        corners = cv2.boxPoints((centre, (axes[0] * 2, axes[1] * 2), angle))
        cv2.fillPoly(mask, [corners.astype(np.int32)], 255)
    cover = np.full(picture.shape, rng.integers(0, 256), np.float32)
    if rng.random() < 0.5:
        cover += cv2.resize(rng.standard_normal((8, 8), dtype=np.float32) * 40, (width, height))
    return np.where(mask > 0, np.clip(cover, 0, 255), picture).astype(np.uint8)


def disturbed(matrix: Matrix, linear: Matrix, shift: Matrix, side: int) -> Matrix:
    """Apply a (2, 2) map about the centre of a crop, then a (2,) shift in its pixels, to its (2, 3) matrix."""
    centre = np.full(2, side / 2)
    moved: Matrix = linear @ matrix
    moved[:, 2] += centre - linear @ centre + shift
    return moved


def apply(picture: Picture, chances: dict[Augmentation, float], rng: np.random.Generator) -> Picture:
    """Apply each augmentation with its chance 0..1, in the order given."""
    draws = rng.random(len(chances))
    for (augmentation, chance), draw in zip(chances.items(), draws, strict=True):
        if draw < chance:
            picture = augmentation(picture, rng)
    return picture
