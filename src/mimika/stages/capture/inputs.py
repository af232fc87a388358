"""From what a user typed to things that can be captured."""

from __future__ import annotations

import glob
import io
import mimetypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnreadable, InputUnsupported
from mimika.data.options import Options
from mimika.data.protocols import Capture
from mimika.stages.capture.photo import PhotoCapture, is_photo
from mimika.stages.capture.sniff import HEAD_BYTES, URL, Kind, describe, head_of, kind_of
from mimika.stages.capture.stream import is_live
from mimika.stages.capture.video import VideoCapture
from mimika.stages.capture.webcam import CameraCapture

STDIN = "-"


def expand(arguments: list[str]) -> list[str]:
    """Turn arguments into single inputs: folders and patterns become their photos and videos, in natural order.

    A folder is searched with everything below it, without hidden files; what counts is content, not the ending,
    except that empty and unreadable files named like a photo or a video stay in, so that they are reported rather
    than lost. A pattern (`*`, `?`, `[...]`, `**`) is expanded where the shell did not; what it names is taken as it
    is. "-", addresses and plain files pass through. Whatever yields nothing passes through too: `open_capture` then
    says why, and the other inputs are not held up. Each input comes once.

    >>> expand(["holiday/", "-"])
    ['holiday/img2.jpg', 'holiday/img10.jpg', '-']
    """
    found: dict[str, None] = {}
    for argument in arguments:
        found.update(dict.fromkeys(_expanded(argument) or [argument]))
    return list(found)


def open_capture(name: str, options: Options | None = None, *, stdin: BinaryIO | None = None) -> Capture:
    """Choose the capture for one input by its content; "-" reads `stdin` (standard input by default).

    Live addresses give the newest frame; finite ones every frame. Use the result in a `with` block.

    Raises:
        InputMissing: no such file, no match for a pattern, or a folder without photos and videos.
        InputUnreadable, InputUnsupported, InputCorrupt: see `mimika.data.errors`.
    """
    options = options or Options()
    if name == STDIN:
        return _open_stdin(options, stdin or sys.stdin.buffer)
    if URL.match(name):
        return CameraCapture(name, options) if is_live(name) else VideoCapture(name, options)
    if os.path.isdir(name):
        raise _folder_error(name)
    if glob.has_magic(name) and not os.path.lexists(name):
        raise InputMissing(name, "no file matches this pattern")
    head = head_of(name)
    kind = kind_of(head)
    if kind is Kind.PHOTO or (kind is Kind.UNKNOWN and is_photo(name)):
        return PhotoCapture(name, options)
    if kind is Kind.OTHER:
        raise InputUnsupported(name, describe(head))
    return VideoCapture(name, options)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sorting key by which img2 comes before img10, without regard to case."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _expanded(argument: str) -> list[str]:
    if argument == STDIN or URL.match(argument):
        return []
    if os.path.isdir(argument):
        return sorted(_media_below(argument), key=natural_key)
    if glob.has_magic(argument) and not os.path.lexists(argument):
        matches = sorted(glob.glob(argument, recursive=True), key=natural_key)
        return [name for match in matches for name in (_expanded(match) or [match])]
    return []


def _media_below(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = os.path.join(place, name)
            if not name.startswith(".") and _may_be_media(path):
                yield path


def _may_be_media(path: str) -> bool:
    try:
        kind = kind_of(head_of(path))
    except (InputUnreadable, InputCorrupt):
        named = mimetypes.guess_type(path)[0] or ""
        return os.path.isfile(path) and named.startswith(("image/", "video/"))
    except InputError:
        return False
    return kind in (Kind.PHOTO, Kind.VIDEO) or (kind is Kind.UNKNOWN and is_photo(path))


def _folder_error(name: str) -> InputError:
    if not os.access(name, os.R_OK | os.X_OK):
        return InputUnreadable(name, "no permission to look into the folder")
    if next(_media_below(name), None) is None:
        return InputMissing(name, "the folder holds no photo and no video")
    return InputUnreadable(name, "is a folder, not a file")


def _open_stdin(options: Options, stream: BinaryIO) -> Capture:
    if stream.isatty():
        raise InputMissing(STDIN, "nothing is sent to standard input")
    if stream.seekable():
        head = stream.read(HEAD_BYTES)
        stream.seek(-len(head), io.SEEK_CUR)
        source = stream
    else:
        head = _read_head(stream)
        source = cast(BinaryIO, _Rewound(head, stream))
    if not head:
        raise InputCorrupt(STDIN, "nothing came on standard input")
    kind = kind_of(head)
    if kind is Kind.PHOTO:
        return PhotoCapture(source, options, name=STDIN)
    if kind is Kind.OTHER:
        raise InputUnsupported(STDIN, describe(head))
    if not stream.seekable() and _index_is_last(head):
        source = _spooled(source)
    return VideoCapture(source, options, name=STDIN)


def _read_head(stream: BinaryIO) -> bytes:
    """Read until there is enough to judge; a pipe gives its data in small pieces."""
    head = b""
    while len(head) < HEAD_BYTES and (piece := stream.read(HEAD_BYTES - len(head))):
        head += piece
    return head


def _index_is_last(head: bytes) -> bool:
    """Return whether an MP4 or MOV has its frames before its index, so that a pipe cannot be read straight on."""
    at = 0
    while at + 8 <= len(head):
        size, box = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if box in (b"moov", b"moof", b"mdat"):
            return box == b"mdat"
        if at == 0 and box not in (b"ftyp", b"wide", b"free", b"skip"):
            return False
        at += max(size, 8)
    return False


def _spooled(source: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile(prefix="mimika-")  # noqa: SIM115 the container that reads it outlives this function
    while piece := source.read(1 << 20):
        copy.write(piece)
    copy.seek(0)
    return cast(BinaryIO, copy)


class _Rewound:
    """A stream whose first bytes were read already and come again; it cannot seek."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, everything if negative; a short answer does not mean the end."""
        if size < 0:
            piece, self._head = self._head + self._stream.read(), b""
        elif self._head:
            piece, self._head = self._head[:size], self._head[size:]
        else:
            piece = self._stream.read1(size) if isinstance(self._stream, io.BufferedReader) else self._stream.read(size)
        return piece
