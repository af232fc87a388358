"""Files beside the database: written whole or not at all, with errors as everywhere."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from mimika.data.errors import OutputError, OutputFull

_FULL = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would grow larger than allowed",
    errno.EROFS: "the place is read-only",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a new file that takes the place of `path` on leaving, and is removed after an error.

    Raises:
        OutputError: OutputFull when the disk is full; what was at `path` then stays.
    """
    half = path.with_name(f".{path.name}.{uuid4().hex[:8]}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield half
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        reason = _FULL.get(error.errno or 0)
        if reason:
            raise OutputFull(str(path), reason) from error
        raise OutputError(str(path), f"cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there.

    Raises:
        OutputError: if it cannot be removed.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(str(path), f"cannot be removed ({error.strerror or error})") from error


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
