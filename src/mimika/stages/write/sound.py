"""The sound of a video, carried over into the video drawn from it. PyAV is spoken here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import av.error
from av.container import OutputContainer

_COPIED = {
    "mp4": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"},
    "mov": {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le"},
    "matroska": {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac", "vorbis", "pcm_s16le", "pcm_s24le"},
}
"""Codecs that each container takes as they are; all others are encoded anew as AAC."""


class Sound:
    """The first audio track of a file, added to `output` packet by packet in step with the picture.

    `zero_s` is the time on the source's own clock that becomes time 0 of the output; sound before it is left out. `how`
    is "copied", "encoded as aac" or "none".
    """

    def __init__(self, source: str, output: OutputContainer, zero_s: float) -> None:
        self.how = "none"
        self._zero = zero_s
        self._input = av.open(f"file:{source}")
        self._output = output
        if not self._input.streams.audio:
            return
        self._track = self._input.streams.audio[0]
        name = self._track.codec_context.name if self._track.codec_context else ""
        # Decoders may be named after their library, "mp3float" for mp3.
        copied = any(name.startswith(codec) for codec in _COPIED.get(output.format.name, ()))
        self._added: Any
        if copied:
            self._added = output.add_stream_from_template(self._track)
        else:
            self._added = output.add_stream("aac", rate=min(self._track.rate, 48_000))
            self._added.layout = "mono" if self._track.channels == 1 else "stereo"
            self._resampler: Any = None
        self.how = "copied" if copied else "encoded as aac"
        self._packets = self._copied() if copied else self._encoded()
        self._held: Any = None

    def advance(self, until_s: float) -> None:
        """Add all sound before `until_s` of the output's clock."""
        while self.how != "none":
            if self._held is None:
                self._held = next(self._packets, None)
            packet = self._held
            if packet is None or float(packet.pts * packet.time_base) >= until_s:
                return
            self._held = None
            self._output.mux(packet)

    def close(self) -> None:
        """Close the source."""
        self._input.close()

    def _demuxed(self) -> Iterator[Any]:
        """Give the packets with their time already on the output's clock; a damaged end just ends the sound."""
        with suppress(av.error.FFmpegError, OSError):
            for packet in self._input.demux(self._track):
                if packet.size and packet.pts is not None and packet.time_base:
                    packet.pts -= round(self._zero / packet.time_base)
                    packet.dts = packet.pts
                    yield packet

    def _copied(self) -> Iterator[Any]:
        for packet in self._demuxed():
            if packet.pts >= 0:
                packet.stream = self._added
                yield packet

    def _encoded(self) -> Iterator[Any]:
        for packet in self._demuxed():
            frames: list[Any] = []
            with suppress(av.error.FFmpegError):
                frames = [*packet.decode()]
            for frame in frames:
                if frame.pts is not None and frame.pts >= 0:
                    yield from self._encode(frame)
        if self._resampler is not None:
            yield from self._encode(None)
            yield from self._timed(self._added.encode(None))

    def _encode(self, frame: Any) -> Iterator[Any]:
        if self._resampler is None:
            self._added.codec_context.open()
            context = self._added.codec_context
            self._resampler = av.AudioResampler(context.format, context.layout, context.rate, context.frame_size)
        for part in self._resampler.resample(frame):
            yield from self._timed(self._added.encode(part))

    def _timed(self, packets: list[Any]) -> Iterator[Any]:
        # The encoder's run-in lies before 0; the muxer would shift all sound by it.
        yield from (packet for packet in packets if packet.pts is not None and packet.pts >= 0)
