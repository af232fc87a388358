"""Photos: anything Pillow opens, as one upright frame."""

from __future__ import annotations

import io
import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from mimika.data.errors import InputCorrupt, InputTooLarge
from mimika.data.frame import Frame, SourceInfo
from mimika.data.options import Options
from mimika.stages.capture.sniff import HEAD_BYTES, file_error, head_of, unsupported

_NOT_PHOTOS = {"EPS", "WMF", "MPEG", "HDF5", "GRIB", "BUFR"}
"""Pillow formats that call outside programs, cannot be decoded, or are no photos."""

_DAMAGE = (
    OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
    struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise on damaged files."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_header_lock = threading.Lock()
logging.getLogger("PIL").addHandler(logging.NullHandler())


class PhotoCapture:
    """One photo as a `Capture` of one frame at time 0.

    The EXIF orientation is applied. Of an animated picture the first image is taken. Transparent pixels show white,
    as on a page. 16-bit grey is scaled from 0..65535, 32-bit and floating-point grey from the smallest of 0..1
    (floating point only), 0..255 and 0..65535 that holds it. Luma is Pillow's "L" (Rec. 601); a JPEG's own Y channel
    is decoded directly. The colour picture is decoded again when it is asked for, so that no second copy stays in
    memory.

    `source` is a path or a binary file object, which is read to its end; `name` is what errors and tables call it.

    Raises (on entering, where the photo is decoded):
        InputMissing, InputUnreadable, InputUnsupported, InputCorrupt: see `mimika.data.errors`.
        InputTooLarge: more pixels than `options.pixels_max`, judged from the header before decoding.
    """

    def __init__(
        self, source: str | os.PathLike[str] | BinaryIO, options: Options | None = None, *, name: str | None = None
    ) -> None:
        self._path = os.fspath(source) if isinstance(source, str | os.PathLike) else None
        self._stream = None if isinstance(source, str | os.PathLike) else source
        self._bytes = b""
        self._options = options or Options()
        self.name = name or self._path or "-"
        self.info = SourceInfo(self.name, "photo", 0, 0)

    def __enter__(self) -> Self:
        if self._path is None:
            assert self._stream is not None
            self._bytes = self._stream.read()
            if not self._bytes:
                raise InputCorrupt(self.name, "file is empty")
            head = self._bytes[:HEAD_BYTES]
        else:
            head = head_of(self._path)
        with self._damage(), self._opened(head) as image:
            self._check_size(*image.size)
        self._luma = self._pixels("L")
        height, width = self._luma.shape
        self.info = SourceInfo(self.name, "photo", width, height, frames=1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream = None
        self._luma = np.zeros((0, 0), np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(self._luma, source=self.name, color=lambda: self._pixels("RGB"))

    def _check_size(self, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise InputCorrupt(self.name, f"has no pixels ({width} × {height})")
        if width * height > self._options.pixels_max:
            allowed = f"{self._options.pixels_max:,}".replace(",", " ")
            raise InputTooLarge(self.name, f"has {width} × {height} pixels, more than the {allowed} allowed")

    def _pixels(self, mode: str) -> NDArray[np.uint8]:
        with self._damage(), self._opened(b"") as image:
            if mode == "L" and image.format in ("JPEG", "MPO"):
                image.draft("L", None)
            image.load()
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
            flat = opaque(image)
            flat = flat if flat.mode == mode else flat.convert(mode)
            return np.asarray(flat if turn is None else flat.transpose(turn), np.uint8)

    @contextmanager
    def _opened(self, head: bytes) -> Iterator[Image.Image]:
        source = io.BytesIO(self._bytes) if self._path is None else self._path
        try:
            image = _open(source)
        except UnidentifiedImageError as error:
            raise unsupported(self.name, head or head_of(self.name)) from error
        with image:
            yield image

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Turn whatever Pillow says about damage into InputCorrupt, and keep its warnings off the terminal."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except Image.DecompressionBombError as error:
            raise InputTooLarge(self.name, "holds more pixels than its header says") from error
        except FileNotFoundError as error:
            raise file_error(self.name, error) from error
        except MemoryError as error:
            raise InputTooLarge(self.name, "does not fit into memory") from error
        except _DAMAGE as error:
            raise InputCorrupt(self.name, f"picture is damaged or truncated ({_one_line(error)})") from error


def is_photo(path: str) -> bool:
    """Ask Pillow whether it knows this content; for the rarer formats that have no clear first bytes.

    Targa has so weak a header that its ending is asked for too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _open(path) as image:
                return image.format != "TGA" or path.lower().endswith((".tga", ".icb", ".vda", ".vst"))
    except (*_DAMAGE, Image.DecompressionBombError):
        return False


def _open(source: str | io.BytesIO) -> Image.Image:
    """Read the header only, with Pillow's own limit lifted: ours is checked next, before anything is decoded."""
    Image.init()
    with _header_lock:
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            return Image.open(source, formats=[name for name in Image.OPEN if name not in _NOT_PHOTOS])
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def opaque(image: Image.Image) -> Image.Image:
    """Return the picture as people see it, without transparency, in a mode that converts to L and RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image), image.mode))
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    if image.mode == "LAB":
        return _from_lab(image)
    return image if image.mode == "L" else image.convert("RGB")


def _eight_bits(grey: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    values = np.nan_to_num(grey.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    scales = (65535.0,) if mode.startswith("I;16") else (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
    full = next((scale for scale in scales if top <= scale), top)
    return np.clip(np.round(values * (255.0 / full)), 0, 255).astype(np.uint8)


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    turned = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert turned is not None
    return turned


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
