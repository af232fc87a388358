"""Frames as they come through a live socket: a header of 16 bytes, then a picture."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputTooLarge, InputUnsupported
from mimika.data.frame import Frame

HEADER = struct.Struct("<BBHHHd")
"""Version 1, format, width, height, 0, time in seconds; all little-endian."""
JPEG, WEBP, LUMA = 1, 2, 3
PIXELS = 1 << 23
"""A live picture has 8 megapixels at most: more cannot be analysed in time anyway."""
_NAME = "frame"
_PROGRESSIVE = 0xC2
_SOF = frozenset({0xC0, 0xC1, _PROGRESSIVE})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Packet:
    """A frame that has not been decoded: `format`, time, the size that was stated (luma only), and its bytes."""

    format: int
    width: int
    height: int
    time_s: float
    data: memoryview

    @classmethod
    def read(cls, message: bytes) -> Packet:
        """Take a message apart.

        Raises:
            InputUnsupported: for another version or format.
            InputCorrupt: if it is too short, or its time is no number of seconds.
        """
        if len(message) <= HEADER.size:
            raise InputCorrupt(_NAME, f"expected {HEADER.size} bytes of header and a picture")
        version, kind, width, height, zero, time_s = HEADER.unpack_from(message)
        if version != 1 or zero:
            raise InputUnsupported(_NAME, f"version: expected 1, received {version}")
        if kind not in (JPEG, WEBP, LUMA):
            raise InputUnsupported(_NAME, f"format: expected 1 JPEG, 2 WebP or 3 luma, received {kind}")
        if not math.isfinite(time_s) or not 0 <= time_s < 1e9:
            raise InputCorrupt(_NAME, "time_s: expected seconds from 0 on")
        return cls(kind, width, height, time_s, memoryview(message)[HEADER.size :])

    @property
    def quick(self) -> bool:
        """Whether decoding takes a time that its bytes bound: luma, or a JPEG of one pass as cameras' pages send it.

        Others belong into a process that can be killed.
        """
        return self.format == LUMA or (self.format == JPEG and _one_pass(self.data))

    def frame(self) -> Frame:
        """Decode the picture; its size is known to be within bounds before anything is decoded.

        Raises:
            InputError: if it is no picture of its format, is damaged, or too large.
        """
        return Frame(self._luma(), time_s=self.time_s)

    def _luma(self) -> NDArray[np.uint8]:
        if self.format == LUMA:
            within(self.width, self.height)
            if len(self.data) != self.width * self.height:
                raise InputCorrupt(_NAME, f"expected {self.width} × {self.height} bytes, received {len(self.data)}")
            return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width)
        size = jpeg_size(self.data) if self.format == JPEG else webp_size(self.data)
        if size is None:
            raise InputCorrupt(_NAME, f"is no {'JPEG' if self.format == JPEG else 'WebP'} that can be decoded")
        within(*size)
        # Of a JPEG the Y channel alone is decoded; EXIF may turn a photo, never a frame of a camera.
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            picture = cv2.imdecode(np.frombuffer(self.data, np.uint8), flags)
        except cv2.error:
            picture = None
        if picture is None:
            raise InputCorrupt(_NAME, "picture is damaged or truncated")
        within(picture.shape[1], picture.shape[0])
        return np.asarray(picture, np.uint8)


def jpeg_size(data: memoryview) -> tuple[int, int] | None:
    """Return (width, height) as the frame header of a baseline, extended or progressive JPEG says, else None."""
    at = _frame_header(data)
    if at is None:
        return None
    height, width = struct.unpack_from(">HH", data, at + 5)
    return (width, height) if width and height else None


def _one_pass(data: memoryview) -> bool:
    at = _frame_header(data)
    return at is not None and data[at + 1] != _PROGRESSIVE


def _frame_header(data: memoryview) -> int | None:
    """Return where the frame header of a JPEG begins.

    Source: ITU-T T.81, annex B.
    """
    at, end = 2, len(data)
    if bytes(data[:2]) != b"\xff\xd8":
        return None
    while at + 9 < end:
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _SOF:
            return at
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2 or marker in (0xD9, 0xDA):
                return None
            at += 2 + length
    return None


def webp_size(data: memoryview) -> tuple[int, int] | None:
    """Return (width, height) as the header of a still WebP says, else None.

    Source: RFC 9649, sections 2.4 to 2.7.
    """
    head = bytes(data[:30])
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        size = (width & 0x3FFF, height & 0x3FFF)
    elif kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif kind == b"VP8X" and not head[20] & 2:
        size = (int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1)
    else:
        return None
    return size if all(size) else None


def within(width: int, height: int) -> None:
    """Refuse what is too large for a live picture.

    Raises:
        InputTooLarge: with its size.
    """
    if not 0 < width * height <= PIXELS:
        raise InputTooLarge(_NAME, f"has {width} × {height} pixels; a live picture may have {PIXELS}")
