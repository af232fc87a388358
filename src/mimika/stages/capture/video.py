"""Videos: every frame with the container's own time, its Y plane straight to the networks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from mimika.data.errors import InputCorrupt, InputMissing, InputTooLarge
from mimika.data.frame import Frame, SourceInfo
from mimika.data.options import Options
from mimika.stages.capture.clock import Clock, Picker
from mimika.stages.capture.decode import Decoder, open_container, video_stream
from mimika.stages.capture.pixels import TurnReader, luma_of, rgb_of, turn_of
from mimika.stages.capture.sniff import URL, head_of, missing_bytes

_WORTH_SKIPPING_S = 0.5


class VideoCapture:
    """A video file, an address, or a binary file object as a `Capture`.

    Time is the container's presentation timestamp minus that of the first frame, so that the first frame is at 0; a
    missing timestamp is filled in by the average rate, and times always grow. `origin_s` is what was subtracted: add
    it to come back to the container's clock (to put frames beside their sound). `number` counts all frames of the
    file in the order of presentation; with `start_s` the frames before it are counted but not decoded. The chosen
    range is start_s <= time < end_s. The rotation that phones write (the display matrix) is applied. A `Frame` holds
    the decoder's picture for as long as it lives, and `Frame.rgb` converts that on demand.

    `source`: a path, an http(s)/rtsp/... address, or a binary file object with `read` (and `seek` if it can); `name`
    is what errors and tables call it.

    Raises (on entering):
        InputMissing, InputUnreadable, InputUnsupported, InputCorrupt, InputTooLarge: see `mimika.data.errors`.
    Raises (while iterating, after all frames that could be decoded):
        InputCorrupt: the file is damaged or truncated somewhere in what was read.
        InputMissing: the chosen range holds no frame.
        CameraLost: a network stream fell silent.
    """

    def __init__(
        self, source: str | os.PathLike[str] | BinaryIO, options: Options | None = None, *, name: str | None = None
    ) -> None:
        self._source = os.fspath(source) if isinstance(source, os.PathLike) else source
        self._options = options or Options()
        self.name = name or (self._source if isinstance(self._source, str) else "-")
        self.info = SourceInfo(self.name, "video", 0, 0)
        self._container: InputContainer | None = None

    @property
    def origin_s(self) -> float:
        """The container's time of the first frame in seconds; 0 before opening or where there are no timestamps."""
        return self._clock.origin_s or 0.0

    def __enter__(self) -> Self:
        remote = isinstance(self._source, str) and bool(URL.match(self._source))
        local = isinstance(self._source, str) and not remote
        head = head_of(str(self._source)) if local else b""
        self._container = open_container(self._source, self.name, head)
        try:
            stream = video_stream(self._container, self.name)
            self._open(stream, "stream" if remote else "video")
            self._lacking = missing_bytes(str(self._source)) if local else 0
        except BaseException:
            self._container.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container is not None:
            self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        picker, yielded, time = Picker(self._options), 0, 0.0
        turns = TurnReader()
        for number, frame in self._numbered():
            time = self._clock.time(frame.pts)
            if picker.ended(time):
                break
            if picker.wants(number, time):
                self._check_size(frame.width, frame.height)
                turn = turns.of(frame)
                yield Frame(luma_of(frame, turn), time, number, self.name, partial(rgb_of, frame, turn))
                yielded += 1
        if damage := self._damage():
            raise InputCorrupt(self.name, f"{damage}; what could be read ends at {time:.2f} s")
        if not yielded:
            raise InputMissing(self.name, f"no frame in the chosen time, the last one is at {time:.2f} s")

    def _open(self, stream: VideoStream, kind: str) -> None:
        assert self._container is not None
        self._check_size(stream.width, stream.height)
        self._clock = Clock(stream.average_rate or stream.guessed_rate, stream.time_base)
        self._decoder = Decoder(self._container, stream, self.name)
        self._frames = self._decoder.frames()
        first = next(self._frames, None)
        if first is None:
            raise InputCorrupt(self.name, f"no frame can be decoded ({self._decoder.damage or 'there is none'})")
        self._first: av.VideoFrame = first
        width, height = first.width, first.height
        width, height = (height, width) if turn_of(first).swap else (width, height)
        duration = self._container.duration
        self.info = SourceInfo(
            self.name, kind, width, height,
            fps=float(stream.average_rate) if stream.average_rate else None,
            frames=stream.frames or None,
            duration_s=duration / av.time_base if duration else None,
        )  # fmt: skip

    def _numbered(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Count the frames; those far before `start_s` are passed over without decoding."""
        start = self._options.start_s or 0.0
        timed = self._first.pts is not None
        self._clock.start(self._first.pts)
        if timed and start > _WORTH_SKIPPING_S and self._decoder.skip(start, self._clock):
            self._frames = self._decoder.frames()
            landed = next(self._frames, None)
            if landed is None:
                return
            first, number = landed, self._decoder.number_of(landed)
        else:
            self._decoder.forget()
            first, number = self._first, 0
        yield number, first
        yield from enumerate(self._frames, number + 1)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._options.pixels_max:
            allowed = f"{self._options.pixels_max:,}".replace(",", " ")
            raise InputTooLarge(self.name, f"has {width} × {height} pixels, more than the {allowed} allowed")

    def _damage(self) -> str | None:
        if self._decoder.damage:
            return self._decoder.damage
        ended = self._decoder.ended
        return f"truncated, the last {self._lacking} bytes are missing" if ended and self._lacking else None
