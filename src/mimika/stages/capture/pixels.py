"""Upright luma and colour out of decoded video frames, with as few copies as possible."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_LUMA_FIRST = frozenset(
    f"yuv{full}{layout}p" for full in ("", "j") for layout in ("411", "420", "422", "440", "444")
) | {"yuv410p", "nv12", "nv21", "nv16", "nv24", "yuva420p", "yuva422p", "yuva444p", "gray"}
_LIMITED, _FULL = 1, 2
_EXPAND = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Limited range 16..235 to 0..255 (ITU-R BT.601), so that video and photos have the same luma."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How stored pixels become upright: first swap rows and columns, then mirror."""

    swap: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def apply(self, pixels: Bytes) -> Bytes:
        """Turn (height, width) or (height, width, 3) pixels; the same array comes back when nothing is to be done."""
        if self.swap:
            pixels = np.asarray(cv2.transpose(pixels), np.uint8)
        if self.mirror_x or self.mirror_y:
            code = -1 if self.mirror_x and self.mirror_y else int(self.mirror_x)
            pixels = np.asarray(cv2.flip(pixels, code), np.uint8)
        return pixels


def turn_of(frame: av.VideoFrame) -> Turn:
    """Read the display matrix of a frame, rounded to quarter turns and mirrors.

    Source: ISO/IEC 14496-12 section 6.2.2: a stored point (x, y) is shown at (a x + c y, b x + d y), y down.
    """
    side: Any = frame.side_data
    if Type.DISPLAYMATRIX not in side:
        return Turn()
    a, b, _, c, d = struct.unpack("=5i", bytes(side[Type.DISPLAYMATRIX])[:20])
    if abs(b) > abs(a):
        return Turn(swap=True, mirror_x=c < 0, mirror_y=b < 0)
    return Turn(mirror_x=a < 0, mirror_y=d < 0)


class TurnReader:
    """Knows how the frames of one stream are turned.

    A frame whose side data was looked at lives until Python's garbage collector comes by, and hundreds wait for it; so
    it is looked at once, and again when the rotation, which can be read without that, has changed.
    """

    def __init__(self) -> None:
        self._rotation: int | None = None
        self._turn = Turn()

    def of(self, frame: av.VideoFrame) -> Turn:
        """Return how to turn this frame."""
        if frame.rotation != self._rotation:
            self._turn, self._rotation = turn_of(frame), frame.rotation
        return self._turn


def luma_of(frame: av.VideoFrame, turn: Turn) -> Bytes:
    """Return the upright (height, width) full-range luma of a frame.

    The Y plane is used as it is where the format has one of 8 bits; a full-range, unturned plane is a read-only view
    of the decoder's own memory. The weights are those of the video (BT.601 or BT.709), which for HD differ slightly
    from a photo's.
    """
    name = frame.format.name
    if name not in _LUMA_FIRST:
        return turn.apply(_plane(frame.reformat(format="gray")))
    pixels = _plane(frame)
    full = frame.color_range == _FULL or name.startswith("yuvj") or (name == "gray" and frame.color_range != _LIMITED)
    if not full:
        pixels = np.asarray(cv2.LUT(pixels, _EXPAND), np.uint8)
    return turn.apply(pixels)


def rgb_of(frame: av.VideoFrame, turn: Turn) -> Bytes:
    """Return the upright (height, width, 3) RGB picture of a frame."""
    rgb: NDArray[Any] = frame.to_ndarray(format="rgb24")
    return turn.apply(np.asarray(rgb, np.uint8))


def _plane(frame: av.VideoFrame) -> Bytes:
    plane = frame.planes[0]
    stride = plane.line_size
    if stride < frame.width:
        return np.asarray(frame.to_ndarray(format="gray"), np.uint8)
    pixels: Bytes = np.frombuffer(memoryview(plane), np.uint8, stride * frame.height).reshape(frame.height, stride)
    pixels.flags.writeable = False
    return pixels[:, : frame.width]
