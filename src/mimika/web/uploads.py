"""A video on its way in: streamed to the disk while it comes, looked at before anything is decoded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio.to_thread
from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from mimika.data.errors import OutputFull
from mimika.stages.capture.sniff import HEAD_BYTES
from mimika.stages.write.files import output_error
from mimika.web.analysis import refuse
from mimika.web.errors import ApiError
from mimika.web.photos import safe_name

_FIELD_BYTES, _FIELDS = 64 << 10, 20
_FREE_BYTES = 256 << 20
"""Uploads stop while so much room is left on the disk."""


@dataclass(slots=True)
class Upload:
    """What came: `fields` of the form, and the file at `path` under its own `name`; `path` is None without one."""

    fields: dict[str, str] = field(default_factory=dict)
    name: str = "video"
    path: Path | None = None

    def discard(self) -> None:
        """Remove the file unless it was moved away."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


async def receive(request: Request, folder: Path, most: int) -> Upload:
    """Read a multipart request with one `file`; the caller moves it away or calls `discard`.

    Raises:
        ApiError: 415 for another kind of request, 400 for a broken one, 413 for more than `most` bytes.
        InputUnsupported: if the first bytes are not those of a video.
        OutputFull: if the disk is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise ApiError(415, "unsupported", "send multipart/form-data with a file")
    form = _Form(folder, most)
    parser = MultipartParser(options[b"boundary"], form.callbacks())  # type: ignore[arg-type]
    try:
        async for chunk in request.stream():
            if chunk:
                await anyio.to_thread.run_sync(parser.write, chunk)
        parser.finalize()
        form.close()
        if not form.ended:
            raise ApiError(400, "bad_request", "the form breaks off")
    except MultipartParseError as error:
        form.discard()
        raise ApiError(400, "bad_request", "the form cannot be read") from error
    except BaseException:
        form.discard()
        raise
    return form.upload


class _Form:
    """Takes the parts of a form as they come."""

    def __init__(self, folder: Path, most: int) -> None:
        self.upload, self.ended = Upload(), False
        self._folder, self._most = folder, most
        self._header, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._name: str | None = None
        self._text = b""
        self._file: Any = None
        self._head, self._size, self._looked = b"", 0, False

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow("_header", data[start:end]),
            "on_header_value": lambda data, start, end: self._grow("_value", data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finished,
        }

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def discard(self) -> None:
        """Give up."""
        self.close()
        self.upload.discard()

    def _begin(self) -> None:
        self._headers, self._header, self._value, self._text, self._name = {}, b"", b"", b"", None

    def _grow(self, name: str, piece: bytes) -> None:
        grown = getattr(self, name) + piece
        if len(grown) > 4096:
            raise ApiError(400, "bad_request", "the form has headers that are too long")
        setattr(self, name, grown)

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            self._name = name
            if len(self.upload.fields) >= _FIELDS:
                raise ApiError(400, "bad_request", "the form has too many fields")
            return
        if name != "file" or self.upload.path is not None:
            raise ApiError(422, "invalid", "send exactly one file, in the field file")
        self.upload.name = safe_name(options[b"filename"].decode("utf-8", "replace"))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.upload.path = self._folder / f"{uuid4().hex}.part"
        self._file = self.upload.path.open("xb")

    def _data(self, piece: bytes) -> None:
        if self._file is None:
            self._text += piece
            if len(self._text) > _FIELD_BYTES:
                raise ApiError(413, "too_large", "a field of the form is too long")
            return
        self._size += len(piece)
        if self._size > self._most:
            raise ApiError(413, "too_large", f"a video may have {self._most >> 20} MiB")
        if not self._looked:
            self._head += piece[:HEAD_BYTES]
            self._look(len(self._head) >= HEAD_BYTES)
        try:
            self._file.write(piece)
            if self._size % (64 << 20) < len(piece):
                self._room()
        except OSError as error:
            assert self.upload.path is not None
            raise output_error(error, self.upload.path) from error

    def _look(self, enough: bool) -> None:
        if enough and not self._looked:
            self._looked = True
            refuse(self._head[:HEAD_BYTES], self.upload.name)

    def _room(self) -> None:
        free = os.statvfs(self._folder)
        if free.f_bavail * free.f_frsize < _FREE_BYTES:
            raise OutputFull(self.upload.name, "there is no room left for videos on the server")

    def _end(self) -> None:
        if self._file is not None:
            self._look(True)
            self.close()
        elif self._name is not None:
            self.upload.fields[self._name] = self._text.decode("utf-8", "replace")

    def _finished(self) -> None:
        self.ended = True
