"""Cameras and network streams: a thread reads, and the newest picture wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import CameraLost, InputMissing, MimikaError
from mimika.data.frame import Frame, SourceInfo
from mimika.data.options import Options
from mimika.stages.capture.clock import Picker
from mimika.stages.capture.stream import StreamDevice

Pixels = Callable[[], NDArray[np.uint8]]
Grab = tuple[Pixels, Pixels, float | None]
"""What a device hands over: makers of the luma and of the RGB picture, and its own time in seconds or None."""

LOST_S = 2.0
BLOCKED_S = 12.0
"""OpenCV itself waits up to 10 s for a picture before it says that there is none."""


class Device(Protocol):
    """The outside world behind a camera; read and close are called from one thread."""

    width: int
    height: int
    fps: float | None

    def read(self) -> Grab | None:
        """Wait for the next picture; None if there is none at the moment, EOFError at an orderly end."""

    def close(self) -> None:
        """Give the device back."""


class OpenCvDevice:
    """A local camera by number, or anything else `cv2.VideoCapture` opens.

    Raises:
        InputMissing: there is no such camera, or it is in use.
    """

    def __init__(self, source: int | str) -> None:
        with _quiet_opencv():
            self._device = cv2.VideoCapture(source)
            opened = self._device.isOpened()
        if not opened:
            raise InputMissing(_label(source), "no such camera, or another program uses it")
        self.width = int(self._device.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height = int(self._device.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self.fps: float | None = self._device.get(cv2.CAP_PROP_FPS) or None

    def read(self) -> Grab | None:
        """Wait for the next picture; None if the camera gave none."""
        taken, picture = self._device.read()
        if not taken or picture is None:
            return None
        pixels = np.asarray(picture, np.uint8)
        return partial(_grey, pixels), partial(_rgb, pixels), None

    def close(self) -> None:
        """Give the camera back."""
        self._device.release()


@dataclass(slots=True)
class _Slot:
    """The newest picture and how the reading thread fares; guarded by `changed`."""

    changed: threading.Condition
    grab: Grab | None = None
    time_s: float = 0.0
    number: int = -1
    failure: BaseException | None = None
    ended: bool = False


class CameraCapture:
    """A camera or a network stream as a `Capture`; pictures that come while the last one is analysed are dropped.

    `source` is a camera number or an address (rtsp://, http://, ...). Time is a monotonic clock since opening for
    cameras and the stream's own presentation time for addresses. `number` counts the pictures received, dropped ones
    included. A finite http video is played at its own speed. `opener` makes the device; `lost_s` and `blocked_s` are
    how long failed reads and no answer at all are borne.

    Raises (on entering): InputMissing, InputUnreadable, InputUnsupported.
    Raises (while iterating): CameraLost when pictures stop coming.
    """

    def __init__(
        self,
        source: int | str,
        options: Options | None = None,
        *,
        opener: Callable[[int | str], Device] | None = None,
        lost_s: float = LOST_S,
        blocked_s: float = BLOCKED_S,
    ) -> None:
        self._source, self._options = source, options or Options()
        self._opener = opener or open_device
        self._lost_s, self._blocked_s = lost_s, blocked_s
        self.name = _label(source)
        self._kind = "camera" if isinstance(source, int) else "stream"
        self.info = SourceInfo(self.name, self._kind, 0, 0)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        device = self._opener(self._source)
        self.info = SourceInfo(self.name, self._kind, device.width, device.height, fps=device.fps)
        self._slot = _Slot(threading.Condition())
        self._stop.clear()
        self._thread = threading.Thread(target=self._read, args=(device,), name=f"mimika {self.name}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def __iter__(self) -> Iterator[Frame]:
        picker, seen = Picker(self._options), -1
        while True:
            taken = self._newest(seen)
            if taken is None:
                return
            (luma, rgb, _), at, seen = taken
            if picker.ended(at):
                return
            if picker.wants(seen, at):
                yield Frame(luma(), at, seen, self.name, rgb)

    def _newest(self, seen: int) -> tuple[Grab, float, int] | None:
        slot = self._slot
        with slot.changed:
            there = slot.changed.wait_for(
                lambda: slot.number > seen or slot.failure is not None or slot.ended, self._blocked_s
            )
            if slot.number > seen and slot.grab is not None:
                return slot.grab, slot.time_s, slot.number
            if slot.failure is not None:
                raise slot.failure
            if not there:
                raise CameraLost(self.name, f"no picture for {self._blocked_s:g} s")
            return None

    def _read(self, device: Device) -> None:
        """Run in the thread: keep the slot filled until told to stop, then close the device."""
        slot, start = self._slot, time.monotonic()
        try:
            while not self._stop.is_set():
                grab = self._wait_for_picture(device)
                if grab is None:
                    break
                now = time.monotonic() - start
                with slot.changed:
                    slot.grab, slot.number = grab, slot.number + 1
                    slot.time_s = now if grab[2] is None else grab[2]
                    slot.changed.notify_all()
        except (MimikaError, cv2.error, OSError) as error:
            slot.failure = error if isinstance(error, MimikaError) else CameraLost(self.name, f"failed ({error})")
        finally:
            device.close()
            with slot.changed:
                slot.ended = True
                slot.changed.notify_all()

    def _wait_for_picture(self, device: Device) -> Grab | None:
        """Return the next picture, or None at an orderly end or when told to stop."""
        silent_since = time.monotonic()
        while not self._stop.is_set():
            try:
                grab = device.read()
            except EOFError:
                return None
            if grab is not None:
                return grab
            if time.monotonic() - silent_since > self._lost_s:
                raise CameraLost(self.name, f"stopped giving pictures (none for {self._lost_s:g} s), is it unplugged")
            self._stop.wait(0.01)
        return None


def open_device(source: int | str) -> Device:
    """Open a camera by number through OpenCV, an address through PyAV."""
    return OpenCvDevice(source) if isinstance(source, int) else StreamDevice(source)


def _label(source: int | str) -> str:
    return f"camera {source}" if isinstance(source, int) else source


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def _rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    code = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(picture, code), np.uint8)


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Keep OpenCV's own warnings off the terminal: mimika says it in one line."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
