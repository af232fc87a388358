"""Frames and films of a real face, made from the public-domain portrait that scikit-image ships."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from mimika.data.frame import Frame

FACE_CENTRE = (226.0, 122.0)
"""The middle of her face, pixels of the 512×512 portrait."""
FACE_BOX = (180.0, 71.0, 92.0, 101.0)
"""The box around her face, brow to chin and cheek to cheek."""


@cache
def portrait() -> NDArray[np.uint8]:
    """Return the astronaut as (512, 512, 3) RGB."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


@cache
def grey_portrait() -> NDArray[np.uint8]:
    """Return the astronaut as (512, 512) luma."""
    return np.asarray(cv2.cvtColor(portrait(), cv2.COLOR_RGB2GRAY), np.uint8)


def head() -> NDArray[np.uint8]:
    """Return her head and shoulders, (240, 240) luma; the middle of the face lies at (123, 114)."""
    return grey_portrait()[8:248, 103:343]


def scene(
    *heads: tuple[float, float, float], size: tuple[int, int] = (640, 360), mirrored: int = -1
) -> NDArray[np.uint8]:
    """Paint heads at (x, y, scale) of the face's middle onto a grey scene of (width, height); one may be mirrored."""
    picture = np.full(size[::-1], 110, np.uint8)
    # A soft disc around the head, so that pasting leaves no edge the networks could go by.
    y, x = np.mgrid[:240, :240]
    disc = np.clip((118 - np.hypot(x - 120, y - 116)) / 12, 0, 1).astype(np.float32)
    for number, (to_x, to_y, scale) in enumerate(heads):
        face = head()[:, ::-1] if number == mirrored else head()
        middle = 239 - 123 if number == mirrored else 123
        matrix = np.array([[scale, 0, to_x - scale * middle], [0, scale, to_y - scale * 114]])
        pasted = cv2.warpAffine(np.ascontiguousarray(face), matrix, size, flags=cv2.INTER_LINEAR)
        share = cv2.warpAffine(disc, matrix, size)
        picture = np.uint8(np.round(share * pasted + (1 - share) * picture))
    return picture


def frames(pictures: Iterable[NDArray[np.uint8]], fps: float = 25.0) -> list[Frame]:
    """Return the luma pictures as consecutive frames."""
    return [
        Frame(picture, time_s=number / fps, number=number, source="film") for number, picture in enumerate(pictures)
    ]


def write_film(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: int = 25) -> Path:
    """Write luma pictures as an MP4 and return its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(fps))
        stream.pix_fmt, stream.bit_rate = "yuv420p", 4_000_000
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
