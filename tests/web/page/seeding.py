"""Recordings made as a live session makes them, and a camera that shows a face."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mimika.data.events import Event
from mimika.data.purpose import Purpose
from mimika.web.recorder import Recorder
from tests.builders import frame, observation
from tests.films import portrait
from tests.web.running import Running

CAMERA_X = 250
"""Where the middle of the face is in the camera's film, in pixels of 640."""


def recorded(
    site: Running,
    name: str,
    shows: str = "happiness",
    purpose: str = "research",
    person: str | None = None,
    owner: str = "local",
) -> str:
    """Record four seconds of a face, neutral at first and then as told, with one mark; returns the recording's id."""
    recorder = Recorder(site.store, owner, name, Purpose(purpose), person)
    for number in range(40):
        best = "neutral" if number < 15 else shows
        recorder.add(observation(1, frame(640, 480, time_s=number / 10, number=number), best))
    recorder.happened(Event("mark", "begin", -1, "live", 1.5, 1.5, 0.0, "", float("nan"), "task 1 begins"))
    recorder.close()
    return recorder.id


def camera_film(path: Path) -> Path:
    """Write a film of the smiling astronaut, who moves a little, as Chromium's fake camera reads it."""
    bgr = np.ascontiguousarray(portrait()[..., ::-1])
    with path.open("wb") as film:
        for number in range(20):
            shift = 4 * np.sin(2 * np.pi * number / 20)
            place = np.array([[1.5, 0, CAMERA_X - 1.5 * 226 + shift], [0, 1.5, 220 - 1.5 * 122]])
            picture = cv2.warpAffine(bgr, place, (640, 480), borderMode=cv2.BORDER_REPLICATE)
            film.write(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return path
