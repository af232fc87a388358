"""What every peer's script shares: the pictures, the clock, the answer. numpy and OpenCV only."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

WARM_UP = 10
EVERY = 3
"""Of the FER test faces each so-many-th is read as a whole picture, because a cascade takes its time."""
LABELS7 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def pictures(folder: Path) -> list[np.ndarray]:
    """Decode the pictures of a folder in order of name, BGR uint8; decoding is not measured."""
    return [cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))]


def measure(step: Callable[[Any], Any], items: list[Any]) -> dict[str, float]:
    """Run `step` on each item; returns the median and the mean milliseconds of processor time, and of the clock."""
    for item in items[:WARM_UP]:
        step(item)
    used, passed = [], []
    for item in items:
        clock, cpu = time.perf_counter(), time.process_time()
        step(item)
        used.append(time.process_time() - cpu)
        passed.append(time.perf_counter() - clock)
    return {
        "cpu_ms_median": 1e3 * float(np.median(used)),
        "cpu_ms_mean": 1e3 * float(np.mean(used)),
        "wall_ms_median": 1e3 * float(np.median(passed)),
    }


def padded(face: np.ndarray, side: int = 192, border: int = 64) -> np.ndarray:
    """Enlarge a tight 48 px face and give it room, so that a detector can find it; BGR."""
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    wide = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
    return cv2.cvtColor(wide, cv2.COLOR_GRAY2BGR)


def answer(result: dict[str, Any]) -> None:
    """Write the result where the parent reads it; peers print all sorts of things on standard output."""
    Path(sys.argv[-1]).write_text(json.dumps(result), encoding="utf-8")
