"""Reads whole videos for tests; apart from `media`, which also serves processes that do not know mimika."""

from __future__ import annotations

from pathlib import Path

from mimika.data.frame import Frame
from mimika.data.options import Options
from mimika.stages.capture import VideoCapture


def read(path: Path, options: Options | None = None) -> list[Frame]:
    """Return all frames of a video."""
    with VideoCapture(path, options) as capture:
        return list(capture)
