"""Pictures of strangers become luma in processes that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputError, InputTooLarge
from mimika.data.frame import Frame
from mimika.stages.capture.sniff import HEAD_BYTES, Kind, kind_of, unsupported
from mimika.web.config import Limits
from mimika.web.decoder_process import ANSWER, READY, REQUEST
from mimika.web.errors import input_error

_KNOWN = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"BM", b"RIFF")
"""JPEG, PNG, GIF, TIFF, BMP, WebP; AVIF is told by its brand. Pillow's rarer readers are not offered to strangers."""


_START_S = 60.0


class Decoder:
    """One process that decodes picture after picture; it is started when it is needed and again after it was killed."""

    def __init__(self, limits: Limits, on_kill: Callable[[], None] = lambda: None) -> None:
        self._limits, self._on_kill = limits, on_kill
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def start(self) -> None:
        """Start the process unless it runs."""
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._ready = False
            self._process = subprocess.Popen(
                [sys.executable, "-m", decoder_module(), str(self._limits.decode_bytes), str(self._limits.pixels)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # No secret of the server is in the environment of the process that meets hostile files.
                env={"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )

    def stop(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()
            self._process = None

    def decode(self, data: bytes, name: str) -> NDArray[np.uint8]:
        """Return the upright (height, width) luma of a picture.

        Raises:
            InputError: if it is no picture, is damaged, too large, or takes too much time or memory.
        """
        self.start()
        assert self._process is not None
        late = threading.Event()
        try:
            if not self._ready:
                # Loading its libraries is not the picture's fault.
                with _killed_after(_START_S, self._process, late):
                    self._ready = _exactly(self._process, len(READY)) == READY
            with _killed_after(self._limits.decode_s, self._process, late):
                return self._ask(self._process, data, name)
        except (OSError, EOFError) as error:
            self.stop()
            self._on_kill()
            reason = "takes too long to decode" if late.is_set() else "takes more than the decoder may use"
            raise InputTooLarge(name, reason) from error

    @staticmethod
    def _ask(process: subprocess.Popen[bytes], data: bytes, name: str) -> NDArray[np.uint8]:
        assert process.stdin is not None
        assert process.stdout is not None
        named = name.encode("utf-8", "replace")
        process.stdin.write(REQUEST.pack(len(named), len(data)) + named)
        process.stdin.write(data)
        process.stdin.flush()
        kind, width, height = ANSWER.unpack(_exactly(process, ANSWER.size))
        if kind:
            raise input_error(*json.loads(_exactly(process, width)))
        return np.frombuffer(_exactly(process, width * height), np.uint8).reshape(height, width)


class Decoders:
    """A few decoders kept warm, for many callers; what is asked while all are busy waits.

    Call `frame` from asyncio. The number of those who may wait is bounded by whoever admits requests.
    """

    def __init__(self, limits: Limits, count: int = 2, on_kill: Callable[[], None] = lambda: None) -> None:
        self._limits = limits
        self._all = [Decoder(limits, on_kill) for _ in range(count)]
        self._idle: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(count, "decode")
        for decoder in self._all:
            self._idle.put(decoder)

    def start(self) -> None:
        """Start all processes, so that the first caller need not wait for them."""
        for decoder in self._all:
            decoder.start()

    def close(self) -> None:
        """Kill all processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for decoder in self._all:
            decoder.stop()

    async def frame(self, data: bytes, name: str, time_s: float = 0.0) -> Frame:
        """Decode one picture; colour is not kept, the networks see luma.

        Raises:
            InputError: if it is no picture, is damaged, too large, or takes too much time or memory.
        """
        luma = await asyncio.get_running_loop().run_in_executor(self._threads, self.luma, data, name)
        return Frame(luma, time_s=time_s, source=name)

    def luma(self, data: bytes, name: str) -> NDArray[np.uint8]:
        """Return the upright (height, width) luma of a picture; blocks until a decoder is free and done.

        Raises:
            InputError: if it is no picture, is damaged, too large, or takes too much time or memory.
        """
        refuse_early(data, name, self._limits.image_bytes)
        decoder = self._idle.get()
        try:
            return decoder.decode(data, name)
        finally:
            self._idle.put(decoder)


def refuse_early(data: bytes, name: str, most: int) -> None:
    """Refuse by size and first bytes what need not be decoded.

    Raises:
        InputError: if it is empty, too large, or none of the formats that the server takes.
    """
    if not data:
        raise InputCorrupt(name, "file is empty")
    if len(data) > most:
        raise InputTooLarge(name, f"is larger than {most >> 20} MiB")
    head = data[:HEAD_BYTES]
    iso = head[4:8] == b"ftyp" and kind_of(head) is Kind.PHOTO
    if kind_of(head) is not Kind.PHOTO or not (iso or head.startswith(_KNOWN)):
        raise _no_photo(name, head)


def decoder_module() -> str:
    """Return the name of the module that the process runs."""
    from mimika.web import decoder_process

    return decoder_process.__name__


def _no_photo(name: str, head: bytes) -> InputError:
    kind = kind_of(head)
    if kind is Kind.VIDEO:
        return input_error("InputUnsupported", name, "is a video; send it to /v1/videos")
    if kind is Kind.PHOTO:
        return input_error(
            "InputUnsupported", name, "is a photo in a format that the server does not take; save as JPEG"
        )
    return unsupported(name, head)


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[bytes], late: threading.Event) -> Iterator[None]:
    """Kill the process, and set `late`, unless the block ends in time."""

    def give_up() -> None:
        late.set()
        process.kill()

    watch = threading.Timer(seconds, give_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _exactly(process: subprocess.Popen[bytes], length: int) -> bytes:
    assert process.stdout is not None
    found = process.stdout.read(length)
    if len(found) != length:
        raise EOFError
    return found
