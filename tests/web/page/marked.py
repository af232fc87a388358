"""Films that say by themselves which frame is on the screen and where, so that a screenshot can be measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests import media
from tests.films import scene

WIDTH, HEIGHT = 640, 360
MARKS = np.array([[20.0, 20.0], [620.0, 20.0], [20.0, 200.0]])
"""Centres of the green squares; none lies where a player draws its controls."""
BITS = 6
_SIDE, _BIT_X, _BIT_Y = 10, 600, 60
TIMES_MS = (0, 40, 80, 120, 160, 240, 320, 360, 400, 520, 560, 600, 640, 680, 760, 800)
"""Not a steady rate: an overlay that counts frames instead of reading times is wrong here."""
STEP_PX = 12
"""The face moves so far from frame to frame: the box of a neighbouring frame is plainly off."""


def marked(number: int) -> NDArray[np.uint8]:
    """Return frame `number` as (360, 640, 3): the face moves to the right, six bars tell the number."""
    picture = np.repeat(scene((200 + STEP_PX * number, 180, 1.0), size=(WIDTH, HEIGHT))[..., None], 3, axis=2)
    for x, y in MARKS.astype(int):
        picture[y - _SIDE : y + _SIDE, x - _SIDE : x + _SIDE] = (0, 255, 0)
    for bit in range(BITS):
        y = _BIT_Y + 24 * bit
        picture[y : y + 20, _BIT_X : _BIT_X + 30] = 255 if number >> bit & 1 else 0
    return np.asarray(picture, np.uint8)


def film(path: Path, frames: int = len(TIMES_MS), turned: bool = False, late_ms: int = 0) -> Path:
    """Write the film, with `turned` as a phone does that was held upright: lying, with a note to turn it.

    With `late_ms` its clock does not begin at 0, as in a piece that was cut out of a longer film.
    """
    pictures = [marked(number) for number in range(frames)]
    times = [late_ms + time_ms for time_ms in TIMES_MS[:frames]]
    if not turned:
        return media.video(path, times, WIDTH, HEIGHT, pictures=pictures)
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in pictures]
    return media.video(path, times, HEIGHT, WIDTH, pictures=lying, matrix=(0, 1, -1, 0))


def centres(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return where the green squares' centres are in a screenshot, (3, 2), in the order of `MARKS`."""
    colours = shown.astype(int)
    green = (colours[..., 1] > 180) & (colours[..., 0] < 110) & (colours[..., 2] < 110)
    y, x = np.nonzero(green)
    assert len(x), "the film is not on the screen"
    right, low = x > (x.min() + x.max()) / 2, y > (y.min() + y.max()) / 2
    corners = (~right & ~low, right & ~low, ~right & low)
    # A pixel's centre lies half a pixel from its corner.
    return np.array([[x[one].mean() + 0.5, y[one].mean() + 0.5] for one in corners])


class Screen:
    """A screenshot of the player: how film pixels lie on it, and which frame it shows."""

    def __init__(self, shown: NDArray[np.uint8]) -> None:
        self.shown = shown
        found = centres(shown)
        self.scale = np.array([(found[1] - found[0])[0] / 600.0, (found[2] - found[0])[1] / 180.0])
        self.origin = found[0] - MARKS[0] * self.scale

    def place(self, x: float, y: float) -> NDArray[np.float64]:
        """Return where a point of the film is on the screenshot."""
        return self.origin + np.array([x, y]) * self.scale

    @property
    def number(self) -> int:
        """The number of the frame that is shown."""
        number = 0
        for bit in range(BITS):
            x, y = self.place(_BIT_X + 15, _BIT_Y + 24 * bit + 10).astype(int)
            number |= int(self.shown[y, x].mean() > 128) << bit
        return number

    def box(self) -> NDArray[np.float64]:
        """Return left, top, right, bottom of the drawn box of happiness: the middles of its lines."""
        own = np.abs(self.shown.astype(int) - (255, 200, 60)).sum(2) < 60
        columns, rows = own.sum(0), own.sum(1)
        across, down = _lines(columns), _lines(rows)
        return np.array([across[0], down[0], across[1], down[1]])

    def told(self, box: list[float]) -> NDArray[np.float64]:
        """Return the same of a box that the server told in pixels of the film."""
        x, y, width, height = box
        return np.concatenate([self.place(x, y), self.place(x + width, y + height)])


def _lines(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the middles of the first and the last line among the rows or columns that a line fills."""
    filled = np.flatnonzero(counts > 0.5 * counts.max())
    first, last = filled[filled < filled[0] + 6], filled[filled > filled[-1] - 6]
    return float(first.mean()) + 0.5, float(last.mean()) + 0.5
