"""The augmentations that a recipe switches on by name: uint8 (h, w) luma or (h, w, 3) RGB in, the same shape out.

Those that move pixels along straight lines become one matrix, so that a picture is resampled only once. Chances and
strengths stand in the recipe's [augment]: `mirror = 0.5`, or `rotation = { chance = 1.0, degrees = 10 }`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.training import augment

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Rng = np.random.Generator
Moves = Callable[..., Matrix]
Changes = Callable[..., Picture]


def mirror(rng: Rng) -> Matrix:
    """Swap left and right."""
    return np.diag([-1.0, 1.0, 1.0])


def rotation(rng: Rng, degrees: float = 10) -> Matrix:
    """Turn by up to `degrees` either way."""
    angle = np.radians(rng.uniform(-degrees, degrees))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def shift(rng: Rng, share: float = 0.1) -> Matrix:
    """Move by up to `share` of the side, along and across."""
    across, down = rng.uniform(-2 * share, 2 * share, 2)
    return np.array([[1, 0, across], [0, 1, down], [0, 0, 1.0]])


def zoom(rng: Rng, share: float = 0.1) -> Matrix:
    """Enlarge or shrink by up to `share`."""
    factor = 1 + rng.uniform(-share, share)
    return np.diag([factor, factor, 1.0])


def shear(rng: Rng, degrees: float = 8) -> Matrix:
    """Slant by up to `degrees` either way."""
    return np.array([[1, np.tan(np.radians(rng.uniform(-degrees, degrees))), 0], [0, 1, 0], [0, 0, 1.0]])


def perspective(rng: Rng, share: float = 0.1) -> Matrix:
    """Move each corner by up to `share` of the side, as a camera would that looks from elsewhere."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    moved = corners + rng.uniform(-2 * share, 2 * share, (4, 2)).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved), np.float64)


def elastic(picture: Picture, rng: Rng, share: float = 0.02) -> Picture:
    """Displace pixels by a smooth random field of standard deviation `share` of the side.

    Source: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document
    analysis", ICDAR 2003.
    """
    height, width = picture.shape[:2]
    field = cv2.resize(
        rng.standard_normal((5, 5, 2)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    reach = np.float32(share * max(height, width))
    across = np.arange(width, dtype=np.float32)[None] + reach * field[..., 0]
    down = np.arange(height, dtype=np.float32)[:, None] + reach * field[..., 1]
    return np.asarray(cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def brightness(picture: Picture, rng: Rng, share: float = 0.2) -> Picture:
    """Add or take up to `share` of the full range."""
    return _clipped(picture + np.float32(255 * rng.uniform(-share, share)))


def contrast(picture: Picture, rng: Rng, share: float = 0.4) -> Picture:
    """Spread the values about their mean by up to 1 + `share`, or draw them together as much."""
    mean = np.float32(picture.mean())
    return _clipped((picture - mean) * np.float32((1 + share) ** rng.uniform(-1, 1)) + mean)


def gamma(picture: Picture, rng: Rng, most: float = 1.8) -> Picture:
    """Raise the values, as shares of the full range, to a power from 1 / `most` to `most`."""
    table = 255 * np.power(np.arange(256) / 255, most ** rng.uniform(-1, 1))
    return np.asarray(cv2.LUT(picture, np.round(table).astype(np.uint8)), np.uint8)


def saturation(picture: Picture, rng: Rng, share: float = 0.8) -> Picture:
    """Strengthen or fade the colours by up to `share`; the luma stays.

    Raises:
        OptionError: the picture is luma, which has no colour to change.
    """
    if picture.ndim == 2:
        raise OptionError("augment.saturation: the pictures are luma and have no colour to change")
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return _clipped(grey + (picture - grey) * np.float32(1 + rng.uniform(-share, share)))


def clahe(picture: Picture, rng: Rng, clip: float = 3.0) -> Picture:
    """Equalise the contrast in each part of the picture, limited to a slope of up to `clip`.

    Source: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
    """
    equalise = cv2.createCLAHE(rng.uniform(1, clip), (4, 4)).apply
    if picture.ndim == 2:
        return np.asarray(equalise(picture), np.uint8)
    luma, *colours = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    return np.asarray(cv2.cvtColor(cv2.merge([equalise(luma), *colours]), cv2.COLOR_YCrCb2RGB), np.uint8)


def noise(picture: Picture, rng: Rng, most: float = 16) -> Picture:
    """Add normal noise of a standard deviation of up to `most` grey levels, as a sensor does in the dark."""
    return _clipped(picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0, most)))


def jpeg(picture: Picture, rng: Rng, lowest: int = 10, highest: int = 60) -> Picture:
    """Compress and decompress at a quality from `lowest` to `highest`."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(lowest, highest))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


def downscale(picture: Picture, rng: Rng, smallest: float = 0.25, largest: float = 0.8) -> Picture:
    """Shrink to a share of the side from `smallest` to `largest`, and enlarge again."""
    height, width = picture.shape[:2]
    share = rng.uniform(smallest, largest)
    size = (max(4, round(width * share)), max(4, round(height * share)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def erasing(picture: Picture, rng: Rng, smallest: float = 0.02, largest: float = 0.2) -> Picture:
    """Fill a rectangle of a share of the area from `smallest` to `largest` with noise.

    Source: Zhong et al., "Random erasing data augmentation", AAAI 2020.
    """
    height, width = picture.shape[:2]
    area, aspect = rng.uniform(smallest, largest) * height * width, np.exp(rng.uniform(-1.2, 1.2))
    rows = min(height, max(1, round(np.sqrt(area * aspect))))
    columns = min(width, max(1, round(np.sqrt(area / aspect))))
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    erased = picture.copy()
    part = erased[top : top + rows, left : left + columns]
    part[...] = rng.integers(0, 256, part.shape)
    return erased


MOVES: dict[str, Moves] = {
    "mirror": mirror,
    "rotation": rotation,
    "shift": shift,
    "zoom": zoom,
    "shear": shear,
    "perspective": perspective,
}
"""Augmentations that move the picture: name to 3×3 matrix on coordinates of -1..1 from the centre to the edges."""

CHANGES: dict[str, Changes] = {
    "elastic": elastic,
    "brightness": brightness,
    "contrast": contrast,
    "gamma": gamma,
    "saturation": saturation,
    "clahe": clahe,
    "shade": augment.shade,
    "downscale": downscale,
    "blur": augment.blur,
    "motion_blur": augment.motion,
    "noise": noise,
    "jpeg": jpeg,
    "occlusion": augment.occlude,
    "erasing": erasing,
}
"""Augmentations that change the values, in the order in which they are applied: light, camera, file, cover."""

LUMA_ONLY = ("shade", "occlusion")
"""Shared with the trainings of the shipped networks, which see luma only."""


class Augmenter:
    """Applies what a recipe's [augment] table names: a chance 0..1, or a table of `chance` and the named arguments.

    `colour` says whether the pictures will have any: where they have none, asking for saturation is a mistake.

    Raises:
        OptionError: an augmentation or an argument that there is not, or a chance out of range.
    """

    def __init__(self, options: dict[str, Any], *, colour: bool = True) -> None:
        self.chosen: list[tuple[str, float, dict[str, Any]]] = []
        for name in (*MOVES, *CHANGES):
            if name in options:
                given = options[name]
                rest = dict(given) if isinstance(given, dict) else {"chance": given}
                self.chosen.append((name, _chance(name, rest.pop("chance", 1.0)), rest))
        if unknown := set(options) - set(MOVES) - set(CHANGES):
            known = ", ".join((*MOVES, *CHANGES))
            raise OptionError(f"augment: expected some of {known}, received {', '.join(sorted(unknown))}")
        for name, _, arguments in self.chosen:
            _check(name, arguments, colour and name not in LUMA_ONLY)

    def __call__(self, picture: Picture, rng: Rng) -> Picture:
        """Return the picture changed by chance; the size stays."""
        matrix = np.eye(3)
        changes = []
        for name, chance, arguments in self.chosen:
            if rng.random() >= chance:
                continue
            if name in MOVES:
                matrix = MOVES[name](rng, **arguments) @ matrix
            else:
                changes.append((CHANGES[name], arguments))
        moved = picture if (matrix == np.eye(3)).all() else warped(picture, matrix)
        for change, arguments in changes:
            moved = change(moved, rng, **arguments)
        return moved


def warped(picture: Picture, matrix: Matrix) -> Picture:
    """Move a picture by a 3×3 matrix on coordinates of -1..1; the edges are carried on outwards."""
    height, width = picture.shape[:2]
    half = np.array([[width / 2, 0, (width - 1) / 2], [0, height / 2, (height - 1) / 2], [0, 0, 1]])
    pixels = half @ matrix @ np.linalg.inv(half)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpPerspective(picture, pixels, (width, height), borderMode=border), np.uint8)


def _clipped(values: NDArray[np.float32]) -> Picture:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _chance(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise OptionError(f"augment.{name}: expected a chance from 0 to 1, received {value!r}")
    return float(value)


def _check(name: str, arguments: dict[str, Any], colour: bool) -> None:
    """Try an augmentation once, so that a wrong argument is told before the training."""
    rng = np.random.default_rng(0)
    grey = np.zeros((8, 8, 3) if colour else (8, 8), np.uint8)
    try:
        MOVES[name](rng, **arguments) if name in MOVES else CHANGES[name](grey, rng, **arguments)
    except OptionError:
        raise
    except (TypeError, ValueError) as error:
        raise OptionError(f"augment.{name}: {error}") from error
