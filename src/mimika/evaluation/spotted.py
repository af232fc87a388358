"""What was spotted, as events in frames, to be compared with annotations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mimika.data.movements import Movements
from mimika.evaluation.spotting import Event
from mimika.stages.timeline.micro import MicroExpression


def events_of(
    video: str, movements: Movements, found: Sequence[MicroExpression], fps: float | None = None
) -> list[Event]:
    """Return micro-expressions as events; frames are numbered by time, at the video's own rate or at `fps`."""
    rate = fps if fps is not None else 1 / movements.step_s
    events = []
    for item in found:
        times = np.array([item.episode.onset_s, item.episode.apex_s, item.episode.offset_s])
        onset, apex, offset = np.rint(times * rate).astype(int).tolist()
        events.append(Event(video, "micro", onset, apex, offset, item.episode.label, item.units))
    return events
