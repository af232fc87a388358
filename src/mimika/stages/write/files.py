"""Output files that never hold half a line, and the one translation of system errors into ours."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from mimika.data.errors import OutputError, OutputExists, OutputFull

_FULL = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would grow larger than allowed",
    errno.EROFS: "the place is read-only",
}


def output_error(error: OSError, path: Path) -> OutputError:
    """Return our error, with one clear phrase, for a system error met while writing `path`."""
    if error.errno in _FULL:
        return OutputFull(str(path), _FULL[error.errno])
    if isinstance(error, FileExistsError):
        return OutputExists(str(path), "exists already; use --force to replace it")
    if isinstance(error, IsADirectoryError):
        return OutputError(str(path), "is a folder, expected a file")
    if isinstance(error, NotADirectoryError):
        return OutputError(str(path), "lies below a file, not below a folder")
    if isinstance(error, PermissionError):
        return OutputError(str(path), "no permission to write here")
    return OutputError(str(path), f"cannot be written ({error.strerror or error})")


def claim(path: Path, force: bool) -> None:
    """Make the parent folder and see that `path` may be written.

    Raises:
        OutputExists: if it is there and `force` is not given.
        OutputError: if the folder cannot be made or `path` is a folder.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(str(path.parent), "is a file, expected a folder") from error
    except OSError as error:
        raise output_error(error, path.parent) from error
    if path.is_dir():
        raise OutputError(str(path), "is a folder, expected a file")
    if path.exists() and not force:
        raise OutputExists(str(path), "exists already; use --force to replace it")


def write_whole(path: Path, text: str) -> None:
    """Write a text file that is there as a whole or not at all.

    Raises:
        OutputError: if it cannot be written; what was there before stays.
    """
    half = path.with_name(f".{path.name}.new")
    try:
        half.write_text(text, "utf-8", newline="\n")
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise output_error(error, path) from error


def write_json(path: Path, value: object) -> None:
    """Write indented JSON as `write_whole` does."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


class LineFile:
    """A file to which whole lines are added; a write that fails half-way is taken back.

    Each `write` goes to the system at once, so that the lines survive the process.

    Raises:
        OutputError: on opening and writing, as `output_error` tells.
    """

    def __init__(self, path: Path, force: bool = False) -> None:
        claim(path, force)
        self.path = path
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL) | getattr(os, "O_BINARY", 0)
        try:
            self._descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise output_error(error, path) from error
        self._length = 0

    def write(self, lines: bytes) -> None:
        """Add whole lines; after an error the file ends where it ended before."""
        left = memoryview(lines)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._length)
                os.lseek(self._descriptor, self._length, os.SEEK_SET)
            raise output_error(error, self.path) from error
        self._length += len(lines)

    def close(self) -> None:
        """Close the file; some network disks report only here that they are full."""
        try:
            os.close(self._descriptor)
        except OSError as error:
            raise output_error(error, self.path) from error


class LineSink:
    """What tables made of lines share: lines once written survive a killed process.

    `rows` counts the rows written; subclasses turn observations into lines.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, mesh: bool = False, force: bool = False) -> None:
        self.path, self.rows = Path(path), 0
        self._mesh, self._force = mesh, force

    def __enter__(self) -> Self:
        self._file = LineFile(self.path, self._force)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _put(self, table: Iterable[Sequence[object]]) -> None:
        """Write rows of cells, separated by commas."""
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(table)
        self._file.write(text.getvalue().encode())
