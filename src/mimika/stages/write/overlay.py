"""Pictures and videos with the result drawn onto them."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mimika.data.errors import MimikaError, OptionError
from mimika.data.observation import Observation
from mimika.stages.write.draw import draw
from mimika.stages.write.files import claim, output_error
from mimika.stages.write.sound import Sound

__all__ = ["OverlayPhoto", "OverlayVideo", "draw"]

_PHOTO_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv")
_ENCODERS: dict[str, dict[str, str]] = {
    # Without B-frames each frame's decoding time is its presentation time, and no timestamp is ever below 0.
    "libx264": {"preset": "veryfast", "crf": "20", "bf": "0"},
    "libopenh264": {},
    "mpeg4": {"q": "3"},
}
_TIME_BASE = Fraction(1, 90_000)
_FRAGMENT_S = 2
_BT709 = 1


class OverlayPhoto:
    """Writes the drawn picture as PNG, JPEG or WebP, by the suffix of `path`; the file appears only when it is whole.

    Raises:
        OptionError: for another suffix.
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, language: str = "en", mesh: bool = False, force: bool = False) -> None:
        self.path = Path(path)
        self._language, self._mesh, self._force = language, mesh, force
        _known_suffix(self.path, tuple(_PHOTO_FORMATS))

    def __enter__(self) -> Self:
        claim(self.path, self._force)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def write(self, observation: Observation) -> None:
        """Write the picture."""
        drawn = Image.fromarray(draw(observation.frame.rgb(), observation, self._language, self._mesh))
        half = self.path.with_name(f".{self.path.name}.new")
        try:
            drawn.save(half, _PHOTO_FORMATS[self.path.suffix.lower()], quality=92)
            half.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise output_error(error, self.path) from error


class OverlayVideo:
    """Writes the drawn frames as MP4, MOV or Matroska with their own timestamps and the sound of the source.

    `sound_from` is the file whose sound is kept, None for silence. Time 0 of the file written is `start_s` of the
    observations' clock; `origin_s` is the observations' time 0 on the clock of `sound_from`. Odd sizes grow by a pixel,
    because the codec wants even ones; frames of another size than the first are fitted to it. An MP4 is written in
    fragments of about two seconds that stay playable after a killed process and are joined at the end.

    Raises:
        OptionError: for another suffix.
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(
        self,
        path: Path,
        language: str = "en",
        mesh: bool = False,
        force: bool = False,
        *,
        sound_from: str | None = None,
        origin_s: float = 0.0,
        start_s: float = 0.0,
        fps: float | None = None,
    ) -> None:
        self.path, self.sound = Path(path), "none"
        self._language, self._mesh, self._force = language, mesh, force
        self._sound_from, self._origin, self._start = sound_from, origin_s, start_s
        self._fps = Fraction(fps or 25.0).limit_denominator(1001)
        self._output: Any = None
        self._audio: Sound | None = None
        self._last, self._step = -1, round(1 / self._fps / _TIME_BASE)
        _known_suffix(self.path, _VIDEO_SUFFIXES)

    def __enter__(self) -> Self:
        claim(self.path, self._force)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._output is None:
            return
        try:
            # After a write that failed, the encoder's rest has no place to go.
            if not isinstance(error, MimikaError):
                self._mux(self._video.encode(None), (self._last + self._step) * _TIME_BASE)
        finally:
            self._close(quiet=error is not None)

    def write(self, observation: Observation) -> None:
        """Add the drawn frame at its time."""
        drawn = draw(observation.frame.rgb(), observation, self._language, self._mesh)
        try:
            if self._output is None:
                self._open(drawn.shape[1], drawn.shape[0])
            stamp = max(round((observation.frame.time_s - self._start) / _TIME_BASE), self._last + 1, 0)
            self._step = stamp - self._last if self._last >= 0 else self._step
            self._last = stamp
            frame = av.VideoFrame.from_ndarray(self._fitted(drawn), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            frame.pts, frame.time_base = stamp, _TIME_BASE
            packets = self._video.encode(frame)
        except OSError as error:
            raise output_error(error, self.path) from error
        self._mux(packets, stamp * _TIME_BASE)

    def _open(self, width: int, height: int) -> None:
        muxer = _muxer(self.path)
        safe = {"flush_packets": "1"} | ({} if muxer == "matroska" else {"movflags": "+hybrid_fragmented"})
        self._output = av.open(f"file:{self.path}", "w", format=muxer, container_options=safe)
        encoder = next(name for name in _ENCODERS if _has_encoder(name))
        self._video = self._output.add_stream(encoder, rate=self._fps, options=_ENCODERS[encoder])
        self._video.width, self._video.height = width + width % 2, height + height % 2
        self._video.pix_fmt = "yuv420p"
        context = self._video.codec_context
        context.time_base = _TIME_BASE
        context.gop_size = max(1, round(_FRAGMENT_S * self._fps))
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        if self._sound_from is not None:
            # Sound that cannot be read is no reason to lose the picture.
            with suppress(av.error.FFmpegError, OSError, ValueError):
                self._audio = Sound(self._sound_from, self._output, self._origin + self._start)
                self.sound = self._audio.how

    def _fitted(self, drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = drawn.shape[:2]
        wanted = self._video.width, self._video.height
        if width + width % 2 == wanted[0] and height + height % 2 == wanted[1]:
            return np.asarray(np.pad(drawn, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"), np.uint8)
        return np.asarray(cv2.resize(drawn, wanted, interpolation=cv2.INTER_AREA), np.uint8)

    def _mux(self, packets: list[Any], time_s: Fraction) -> None:
        try:
            for packet in packets:
                self._output.mux(packet)
            if self._audio is not None:
                self._audio.advance(float(time_s))
        except OSError as error:
            raise output_error(error, self.path) from error

    def _close(self, quiet: bool) -> None:
        """Complete the file; `quiet` when an error is already on its way."""
        try:
            if self._audio is not None:
                self._audio.close()
            self._output.close()
        except OSError as error:
            if not quiet:
                raise output_error(error, self.path) from error
        finally:
            self._output = None


def _known_suffix(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.suffix.lower() not in suffixes:
        raise OptionError(
            f"{path}: expected a name ending in {', '.join(suffixes)}, received {path.suffix or 'none'!r}"
        )


def _muxer(path: Path) -> str:
    return {".mkv": "matroska"}.get(path.suffix.lower(), path.suffix.lower()[1:])


def _has_encoder(name: str) -> bool:
    try:
        av.codec.Codec(name, "w")
    except ValueError:
        return False
    return True
