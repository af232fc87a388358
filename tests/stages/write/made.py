"""Recordings with a known course, for formats that need more than one frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mimika.data.episodes import Episode, Findings
from mimika.data.expressions import Expressions
from mimika.data.frame import SourceInfo
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.observation import Observation
from mimika.data.timeline import Timeline
from mimika.stages.timeline.episodes import find
from mimika.stages.write import EXPORTS, Wish, open_export
from tests.builders import fill, frame, observation

FPS = 25.0


def source(name: str = "talk.mp4", kind: str = "video") -> SourceInfo:
    return SourceInfo(name, kind, 320, 240, FPS, 100, 4.0)


def smile(frames: int = 100, faces: int = 1, begin_s: float = 1.0, end_s: float = 2.0) -> Iterator[Observation]:
    """Give a neutral face that smiles from 1 to 2 s, stronger on its left; it is away from 3 s on, for the last second.

    AU12 is 3.5 left and 1 right during the smile, the eyes are shut around 2.5 s, gaze and pose are steady.
    """
    for number in range(frames):
        time_s = number / FPS
        item = observation(0 if time_s >= 3.0 else faces, frame(time_s=time_s, number=number, source="talk.mp4"))
        n, smiling = len(item), begin_s <= time_s < end_s
        shares = np.full((n, 8), 0.01, np.float32)
        shares[:, FERPLUS.index("happiness" if smiling else "neutral")] = 0.93
        units = np.zeros((n, len(ACTION_UNITS), 2), np.float32)
        units[:, ACTION_UNITS.index("AU12")] = (3.5, 1.0) if smiling else (0, 0)
        shut = abs(time_s - 2.5) < 0.06
        measured = replace(
            item.measurements,
            action_units=units,
            eye_openness=np.full((n, 2), 0.0 if shut else 1.0, np.float32),
            gaze=np.tile(np.array([12.0, -5.0], np.float32), (n, 1)),
            translations=np.tile(np.array([0.5, -0.25, 5.0], np.float32), (n, 1)),
        )
        shown = Expressions(shares, item.expressions.embeddings, 0.3)
        yield Observation(item.frame, item.faces, measured, shown)


def with_micro(timeline: Timeline) -> Findings:
    """Find what the face did, and a micro-expression that a spotter may have added."""
    found = find(timeline)
    found.episodes.append(Episode("micro", "fear", "", 0.4, 0.44, 0.52, 0.7, 0.9, timeline.face))
    return found


def export(name: str, folder: Path, observations: Iterator[Observation] | None = None, **more: object) -> Path:
    """Write a recording in the format of another tool, and return the file."""
    path = folder / f"talk{EXPORTS[name]}"
    wish = Wish(**{"source": source(), "find": with_micro, **more})
    fill(open_export(name, path, wish), smile() if observations is None else observations)
    return path
