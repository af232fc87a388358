"""One picture with its place in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import shaped


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture: luma for the networks, colour on demand for drawing.

    `luma` is (height, width) uint8. `time_s` is the container's presentation timestamp in seconds, 0 for photos.
    `number` counts the decoded frames of the source from 0, skipped ones included. `color` makes the (height, width,
    3) uint8 RGB picture when it is called; without it the luma is repeated three times.

    Raises:
        ShapeError: if `luma` is not two-dimensional.
    """

    luma: NDArray[np.uint8]
    time_s: float = 0.0
    number: int = 0
    source: str = ""
    color: Callable[[], NDArray[np.uint8]] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "luma", shaped("luma", self.luma, (None, None), np.uint8))

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.luma.shape[0])

    def rgb(self) -> NDArray[np.uint8]:
        """Return the (height, width, 3) uint8 RGB picture."""
        if self.color is None:
            return np.repeat(self.luma[..., None], 3, axis=2)
        return self.color()


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its frames are read; None where the container does not say.

    `kind` is "photo", "video", "camera" or "stream". `width` and `height` are of the upright picture, `fps` is the
    average frame rate, `duration_s` and `frames` are the container's own statement and may be wrong.
    """

    name: str
    kind: str
    width: int
    height: int
    fps: float | None = None
    frames: int | None = None
    duration_s: float | None = None
