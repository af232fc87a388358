"""The demultiplexer and decoder behind videos and network streams. PyAV is spoken here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from mimika.data.errors import CameraLost, InputCorrupt, InputError, InputMissing, InputUnreadable, InputUnsupported
from mimika.stages.capture.clock import Clock
from mimika.stages.capture.sniff import URL, is_text, unsupported

TIMEOUT_S = 10.0
_HELD_PACKETS = 20_000
_DOUBTFUL_PACKETS = 3
_ABSENT = (av.error.HTTPNotFoundError, av.error.ConnectionRefusedError, av.error.FileNotFoundError)
_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, av.error.PermissionError)
_TEXT_ART = ("tty", "bin", "adf", "idf", "xbin")
"""Demultiplexers that draw any text as a picture."""
_BY_NAME = "image2"
"""The demultiplexer that believes a name such as notes.png, whatever the file holds."""
_SILENT = (av.error.ExitError, av.error.TimeoutError)


def open_container(
    source: str | BinaryIO,
    name: str,
    head: bytes = b"",
    timeout_s: float = TIMEOUT_S,
    ffmpeg: Mapping[str, str] | None = None,
) -> InputContainer:
    """Open a path, an address or a file object for demultiplexing.

    `head` are the first bytes where they are known, `timeout_s` holds for opening and for each read of an address,
    `ffmpeg` are FFmpeg's own options for the protocol.

    Raises:
        InputError: the kind that fits, with the reason.
    """
    remote = isinstance(source, str) and bool(URL.match(source))
    options = {"rtsp_transport": "tcp"} if remote and str(source).lower().startswith("rtsp") else {}
    options.update(ffmpeg or {})
    target = f"file:{source}" if isinstance(source, str) and not remote else source
    try:
        container = av.open(
            target, "r", options=options, timeout=timeout_s if remote else None, metadata_errors="replace"
        )
    except (av.error.FFmpegError, OSError) as error:
        raise (_remote_error(name, error, timeout_s) if remote else unsupported(name, head)) from error
    if container.format.name in _TEXT_ART or (container.format.name == _BY_NAME and is_text(head)):
        container.close()
        raise unsupported(name, head)
    return container


def video_stream(container: InputContainer, name: str) -> VideoStream:
    """Choose the first real video track (cover art of music is none) and let all cores decode it.

    Where the length is unknown, as with cameras, frames are not decoded in parallel: that would delay each by some
    others.

    Raises:
        InputUnsupported: there is none, or its codec is unknown.
        InputCorrupt: the file breaks off before it says what it holds.
    """
    if not len(container.streams):
        raise InputCorrupt(name, "video is damaged or truncated, it breaks off in its header")
    tracks = [track for track in container.streams.video if not track.disposition & Disposition.attached_pic]
    if not tracks:
        kinds = {track.type for track in container.streams}
        raise InputUnsupported(name, "is an audio file and has no video" if "audio" in kinds else "has no video")
    stream = tracks[0]
    if getattr(stream, "codec_context", None) is None:
        raise InputUnsupported(name, "its video codec is not supported")
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    stream.thread_type = "SLICE" if container.duration is None and URL.match(name) else "AUTO"
    stream.codec_context.thread_count = 0
    return stream


class Decoder:
    """Gives the decoded frames of one track in the order of presentation, and keeps account of damage.

    `damage` is None or one phrase that says what is wrong; decoding goes on behind a damaged place where it can.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, name: str) -> None:
        self._container, self._stream, self._name = container, stream, name
        self._demuxed = container.demux(stream)
        self._held: deque[Packet[VideoStream]] = deque()
        self._stamps: list[int] = []
        self._packets = 0
        self._bad = 0
        self._recording = True
        self._doubts: deque[bool] = deque()
        self._last_dts = 0
        self._reason: str | None = None
        self.ended = False

    @property
    def damage(self) -> str | None:
        """What is wrong with the data read so far, or None."""
        if self._reason or self._bad:
            return self._reason or f"{self._bad} damaged place{'s' if self._bad > 1 else ''}"
        missing = self._expected() - self._packets
        return f"truncated, {missing} of {self._expected()} frames are missing" if self.ended and missing > 0 else None

    def frames(self) -> Iterator[av.VideoFrame]:
        """Iterate over the frames to the end of the data."""
        clean_start = False
        while (packet := self._next()) is not None:
            for frame in self._decoded(packet):
                clean_start = clean_start or frame.key_frame
                self._bad += frame.is_corrupt and clean_start
                yield frame
        yield from self._decoded(None)

    def skip(self, start_s: float, clock: Clock) -> bool:
        """Pass over packets, undecoded, up to the last key frame at or before `start_s`; call `frames` anew afterwards.

        Nothing is sought, so that it works on pipes and the count of frames stays exact. Returns False, with nothing
        lost, where the packets have no timestamps.
        """
        while (packet := self._read()) is not None:
            shown = clock.raw(packet.pts)
            if packet.is_keyframe and shown is not None and shown <= start_s:
                self._held.clear()
            self._held.append(packet)
            order = clock.raw(packet.dts if packet.dts is not None else packet.pts)
            if shown is None or order is None or order > start_s or len(self._held) > _HELD_PACKETS:
                break
        if not self._held or not self._held[0].is_keyframe:
            return False
        self._stream.codec_context.flush_buffers()
        return True

    def number_of(self, frame: av.VideoFrame) -> int:
        """Count the frames before `frame` by the timestamps read so far, then stop recording them."""
        before = sum(stamp < frame.pts for stamp in self._stamps) if frame.pts is not None else len(self._stamps)
        self.forget()
        return before

    def forget(self) -> None:
        """Stop recording timestamps, so that memory stays flat."""
        self._recording = False
        self._stamps.clear()

    def _next(self) -> Packet[VideoStream] | None:
        return self._held.popleft() if self._held else self._read()

    def _read(self) -> Packet[VideoStream] | None:
        while True:
            try:
                packet = next(self._demuxed, None)
            except _SILENT as error:
                raise CameraLost(self._name, "no data came any more") from error
            except IndexError:
                # A track that begins late is unknown to PyAV; its packets are not ours.
                self._demuxed = self._container.demux(self._stream)
                continue
            except (av.error.FFmpegError, OSError) as error:
                self._reason = self._reason or f"reading stopped ({error.strerror or error})"
                packet = None
            if packet is None:
                self._bad += sum(self._doubts)
                self._doubts.clear()
                self.ended = True
                return None
            if packet.size:
                break
        self._packets += 1
        self._suspect(packet)
        if self._recording and packet.pts is not None and not packet.is_discard:
            self._stamps.append(packet.pts)
        return packet

    def _decoded(self, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
        try:
            return self._stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except (av.error.FFmpegError, ValueError):
            self._bad += 1
            return []

    def _suspect(self, packet: Packet[VideoStream]) -> None:
        """Count damaged packets, a few packets later.

        Where a second recording begins, with an earlier time, a transport stream calls one of the last packets of the
        first recording damaged, but nothing is lost.
        """
        if packet.dts is not None:
            if packet.dts < self._last_dts:
                self._doubts.clear()
            self._last_dts = packet.dts
        self._doubts.append(packet.is_corrupt)
        if len(self._doubts) > _DOUBTFUL_PACKETS:
            self._bad += self._doubts.popleft()

    def _expected(self) -> int:
        """Return how many packets the index promises, 0 where there is no complete index."""
        return len(self._stream.index_entries) if "mov" in self._container.format.name else 0


def _remote_error(name: str, error: Exception, timeout_s: float) -> InputError:
    if isinstance(error, _SILENT):
        return InputMissing(name, f"no answer within {timeout_s:g} s")
    if isinstance(error, _ABSENT):
        return InputMissing(name, f"cannot be reached ({_said(error)})")
    if isinstance(error, _REFUSED):
        return InputUnreadable(name, f"access was refused ({_said(error)})")
    if isinstance(error, av.error.InvalidDataError):
        return InputUnsupported(name, "what comes from there is not a picture or a video")
    return InputMissing(name, f"cannot be opened ({_said(error)})")


def _said(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).strip()
