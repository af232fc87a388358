"""Writes photos, videos and sound files for tests; whatever is drawn follows from the arguments, nothing from chance.

A video frame number k carries k as sixteen black or white bars across its top (`read_number`), so that a test can tell
which frame it got, whatever timestamp it has. Below, the left half is darker than the right, and a white block marks
the bottom left corner (`corner`), so that turns and mirrors show.
"""

from __future__ import annotations

import functools
import http.server
import os
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

BITS = 16
CLIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "clips"


def numbered(number: int, width: int = 160, height: int = 96) -> NDArray[np.uint8]:
    """Return the (height, width, 3) picture of frame `number`."""
    picture = np.full((height, width, 3), 170, np.uint8)
    picture[:, : width // 2] = 80
    bars = np.array([255 * (number >> bit & 1) for bit in range(BITS)], np.uint8)
    picture[: height // 4] = np.repeat(bars, width // BITS)[None, :, None]
    picture[-height // 4 :, : width // 4] = 255
    return picture


def read_number(luma: NDArray[np.uint8]) -> int:
    """Return the number that `numbered` drew."""
    height, width = luma.shape
    bars = luma[: height // 4].reshape(height // 4, BITS, width // BITS)[2:-2, :, 2:-2].mean((0, 2))
    return sum(1 << bit for bit in range(BITS) if bars[bit] > 128)


def corner(luma: NDArray[np.uint8]) -> str:
    """Return where the white block of `photo` and `numbered` is: "bottom left" and so on (frame number 0 only)."""
    height, width = luma.shape
    means = {
        f"{row} {column}": float(luma[y : y + height // 8, x : x + width // 8].mean())
        for row, y in (("top", 2), ("bottom", height - height // 8 - 2))
        for column, x in (("left", 2), ("right", width - width // 8 - 2))
    }
    return max(means, key=lambda place: means[place])


def photo(path: Path, width: int = 160, height: int = 96, orientation: int | None = None, **save: Any) -> Path:
    """Write frame 0 as a photo in the format of the path's ending, or `format`; with an EXIF orientation if given."""
    image = Image.fromarray(numbered(0, width, height))
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        save["exif"] = exif
    image.save(path, **save)
    return path


def animation(path: Path, frames: int = 3, width: int = 160, height: int = 96) -> Path:
    """Write an animated GIF or WebP of frames 0, 1, 2, ..."""
    pictures = [Image.fromarray(numbered(number, width, height)) for number in range(frames)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    return path


def video(
    path: Path,
    times_ms: Sequence[int],
    width: int = 160,
    height: int = 96,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    key_every: int = 12,
    matrix: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    pictures: Sequence[NDArray[np.uint8]] | None = None,
    title: str | None = None,
) -> Path:
    """Write frames 0, 1, 2, ... at the given times (AVI, MPG: rounded to 1/25 s).

    `matrix` (a, b, c, d) becomes the display matrix of an MP4; `pictures` replace the numbered ones.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update({"title": title} if title else {})
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        base = Fraction(1, 25 if path.suffix in (".avi", ".mpg") else 1000)
        stream.time_base = stream.codec_context.time_base = base
        stream.codec_context.gop_size = key_every
        for number, time_ms in enumerate(times_ms):
            picture = pictures[number] if pictures else numbered(number, width, height)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(Fraction(time_ms, 1000) / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    if matrix is not None:
        set_matrix(path, *matrix)
    return path


def steady(frames: int, fps: float = 25.0) -> list[int]:
    """Return presentation times in milliseconds at a constant rate."""
    return [round(1000 * number / fps) for number in range(frames)]


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Overwrite the display matrix in an MP4's first track header (version 0), as a phone writes it."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(data))


def sound(path: Path, seconds: float = 0.5, cover: bool = False) -> Path:
    """Write a file with sound only; `cover` adds a picture as music files have it (MP3 only)."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac" if path.suffix in (".m4a", ".mp4") else "libmp3lame", rate=44100)
        art: Any = container.add_stream("mjpeg") if cover else None
        if art is not None:
            art.width, art.height, art.pix_fmt = 64, 64, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
            container.mux(art.encode(av.VideoFrame.from_ndarray(numbered(1, 64, 64), "rgb24")))
            container.mux(art.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, int(44100 * seconds)), np.float32), "fltp", "mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut(path: Path, share: float) -> Path:
    """Cut the file off behind `share` (0..1) of its bytes."""
    os.truncate(path, int(path.stat().st_size * share))
    return path


def scratch(path: Path, share: float, size: int, value: int = 0) -> Path:
    """Overwrite `size` bytes from `share` (0..1) of the file on."""
    data = bytearray(path.read_bytes())
    at = int(len(data) * share)
    data[at : at + size] = bytes([value]) * size
    path.write_bytes(bytes(data))
    return path


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on the loopback interface; yields the address without a slash at the end."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
