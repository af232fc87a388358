"""The process that decodes what strangers send: little memory, no files to write, and killed when it takes too long.

Run as ``python -m mimika.web.decoder_process BYTES PIXELS``. It reads requests from standard input and answers on
standard output until the input ends; `mimika.web.decoding` speaks to it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import sys
from typing import BinaryIO

from mimika.data.errors import InputCorrupt, InputError, InputTooLarge, ShapeError
from mimika.data.options import Options
from mimika.stages.capture.photo import PhotoCapture

REQUEST = struct.Struct("<II")
"""Length of the name, length of the picture; both follow."""
ANSWER = struct.Struct("<BII")
"""0, width, height, then the luma; or 1, a length, 0, then a JSON list of an error's class, source and reason."""

READY = b"\x01"
"""Sent once, when the libraries are loaded."""

_FILES = 64


def serve(source: BinaryIO, target: BinaryIO, options: Options) -> None:
    """Answer requests until the input ends."""
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        name_length, length = REQUEST.unpack(head)
        name, data = source.read(name_length).decode("utf-8", "replace"), source.read(length)
        try:
            with PhotoCapture(io.BytesIO(data), options, name=name) as photo:
                luma = next(iter(photo)).luma
            target.write(ANSWER.pack(0, luma.shape[1], luma.shape[0]))
            target.write(luma.tobytes())
        except InputError as error:
            _refuse(target, error)
        except MemoryError:
            _refuse(target, InputTooLarge(name, "does not fit into the memory that one picture may use"))
        except ShapeError:
            _refuse(target, InputCorrupt(name, "is not a picture"))
        target.flush()


def _refuse(target: BinaryIO, error: InputError) -> None:
    told = json.dumps([type(error).__name__, error.source, error.reason]).encode()
    target.write(ANSWER.pack(1, len(told), 0) + told)


def _restrain(memory: int) -> None:
    """Bound what this process may take, where the system can; it can never write a file."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))


def main() -> None:
    """Take the pipes, so that nothing a library prints gets into them, and serve."""
    from PIL import Image

    memory, pixels = int(sys.argv[1]), int(sys.argv[2])
    Image.init()
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    _restrain(memory)
    target.write(READY)
    target.flush()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(source, target, Options(pixels_max=pixels))


if __name__ == "__main__":
    main()
