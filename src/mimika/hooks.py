"""Hooks that listen to the pipeline's stages."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from mimika.data.frame import Frame

_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class StageTime:
    """Wall time of one stage over many frames, in milliseconds a frame."""

    stage: str
    frames: int
    mean_ms: float
    median_ms: float
    p95_ms: float


class StageTimer:
    """Keeps how long each stage took a frame; a hook for the pipeline, or called by hand for a stage outside of it.

    Means count every frame; medians and percentiles the latest 20,000, so that memory stays flat.
    """

    def __init__(self) -> None:
        self._latest: dict[str, deque[float]] = {}
        self._frames: dict[str, int] = {}
        self._total: dict[str, float] = {}

    def __call__(self, stage: str, frame: Frame | None, result: object, milliseconds: float) -> None:
        """Take note of one stage of one frame."""
        self._latest.setdefault(stage, deque(maxlen=_KEPT)).append(milliseconds)
        self._frames[stage] = self._frames.get(stage, 0) + 1
        self._total[stage] = self._total.get(stage, 0.0) + milliseconds

    def summary(self) -> list[StageTime]:
        """Return the stages in the order in which they were first seen."""
        times = []
        for stage, latest in self._latest.items():
            median, high = np.percentile(np.array(latest), (50, 95)).tolist()
            frames = self._frames[stage]
            times.append(StageTime(stage, frames, self._total[stage] / frames, median, high))
        return times
