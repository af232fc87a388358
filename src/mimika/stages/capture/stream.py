"""A network stream (RTSP, HTTP, ...) read through PyAV as a device that gives one picture after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import av
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import CameraLost, InputCorrupt
from mimika.stages.capture.clock import Clock
from mimika.stages.capture.decode import TIMEOUT_S, Decoder, open_container, video_stream
from mimika.stages.capture.pixels import TurnReader, luma_of, rgb_of

Pixels = Callable[[], NDArray[np.uint8]]


class StreamDevice:
    """Opens an address; a source of known length is paced to its own speed, a live one is read as it comes.

    `ffmpeg` are FFmpeg's own options for the protocol. `timeout_s` is how long opening and each read may take.
    Reading raises EOFError at the end of a source of known length and CameraLost when a live one ends or falls
    silent.

    Raises:
        InputError: the kind that fits, with the reason.
    """

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S, ffmpeg: Mapping[str, str] | None = None) -> None:
        self._address = address
        self._container = open_container(address, address, timeout_s=timeout_s, ffmpeg=ffmpeg)
        try:
            stream = video_stream(self._container, address)
            self._clock = Clock(stream.average_rate or stream.guessed_rate, stream.time_base)
            decoder = Decoder(self._container, stream, address)
            self._frames = decoder.frames()
            first = next(self._frames, None)
            if first is None:
                raise InputCorrupt(address, "no frame can be decoded")
            decoder.forget()
        except BaseException:
            self._container.close()
            raise
        self._first: av.VideoFrame | None = first
        self._finite = self._container.duration is not None
        self._started = time.monotonic()
        self._turns = TurnReader()
        turned = self._turns.of(first).swap
        self.width, self.height = (first.height, first.width) if turned else (first.width, first.height)
        self.fps = float(stream.average_rate) if stream.average_rate else None

    def read(self) -> tuple[Pixels, Pixels, float | None]:
        """Wait for the next picture and return it with its presentation time."""
        frame, self._first = self._first or next(self._frames, None), None
        if frame is None:
            if self._finite:
                raise EOFError
            raise CameraLost(self._address, "the stream ended")
        at = self._clock.time(frame.pts)
        if self._finite:
            time.sleep(max(0.0, self._started + at - time.monotonic()))
        turn = self._turns.of(frame)
        return partial(luma_of, frame, turn), partial(rgb_of, frame, turn), at

    def close(self) -> None:
        """Close the connection."""
        self._container.close()


def is_live(address: str, timeout_s: float = TIMEOUT_S) -> bool:
    """Ask an address whether it goes on without end; other protocols than http are taken to be live.

    Raises:
        InputError: the address cannot be opened.
    """
    if not address.lower().startswith("http"):
        return True
    with open_container(address, address, timeout_s=timeout_s) as container:
        return container.duration is None
