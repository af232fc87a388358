"""What each way of smoothing does to flicker and to delay, on real video.

    python benchmarks/smoothing.py --clips ../shared/data/clips --results docs/results/smoothing.json

Every clip is analysed once, without smoothing; its timelines are kept under `--keep`. Then each method runs over them
as it would live and, where that differs, with hindsight. Flicker is how often the label changes a minute. Delay is the
shift in time at which the smoothed probabilities agree best with the raw ones (largest covariance, all expressions
together), and, on a made step from neutral to happiness at 25 frames/s, how late the label changes. For the one-euro
filter: tremble is the root mean square of second differences over the square root of 6 (for white noise its standard
deviation) in the calmest quarter of the frames; lag is how far the calm points trail behind the raw ones, over their
speed, in the fastest twentieth. For the baseline: the mouth's width, in distances between the eyes, in the neutral
shape that `auto` finds with hindsight and live, beside its median over the frames labelled neutral and over those
labelled happiness; a baseline that took in smiles would be wider.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from kept import own_folder

from mimika import analyze_video
from mimika._version import __version__
from mimika.data.labels import FERPLUS
from mimika.data.measurements import blank_portraits
from mimika.data.methods import BaselineChoice, Smoothing
from mimika.data.options import Options
from mimika.data.timeline import MEASURED, Timeline
from mimika.stages.measure.action_units import shape_of
from mimika.stages.measure.eyes import openness
from mimika.stages.timeline.neutral import NeutralFinder, Sample
from mimika.stages.timeline.smooth import open_calmer, smoothed
from mimika.stages.timeline.steady import OPENING, OneEuro
from mimika.stages.write.sidecar import models, package_versions

METHODS = ("none", "window:5", "window:15", "window:0.5s", "ema:0.1", "ema:0.3", "ema:1", "viterbi")
AHEAD = ("window", "viterbi")
LAGS_S = np.arange(-0.5, 1.501, 0.01)
SHORTEST_S = 5.0


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=Path("../shared/data/clips"))
    parser.add_argument("--keep", type=Path, default=Path("build/timelines"))
    parser.add_argument("--results", type=Path, default=Path("docs/results/smoothing.json"))
    parser.add_argument("--chart", type=Path)
    args = parser.parse_args()
    lines = [line for line in timelines(args.clips, own_folder(args.keep)) if line.seconds().sum() >= SHORTEST_S]
    results = {
        "command": "python " + " ".join(sys.argv),
        "mimika": __version__,
        "models": models(Options()),
        "versions": {"python": platform.python_version()} | package_versions(),
        "clips": {Path(line.source).name: round(float(line.seconds().sum()), 2) for line in lines},
        "smoothing": [row for method in METHODS for row in smoothing(method, lines)],
        "baseline": {line.source: baseline(line) for line in lines},
        "steady": {name: steady(name, lines) for name in ("meshes", "angles")},
    }
    args.results.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if args.chart:
        chart(lines, args.chart)


def timelines(clips: Path, keep: Path) -> Iterator[Timeline]:
    """Yield the raw timelines of all clips, analysed or from where they were kept."""
    keep.mkdir(parents=True, exist_ok=True)
    for clip in sorted(clips.iterdir()):
        if not (keep / f"{clip.name}.done").exists():
            for line in Timeline.collect(analyze_video(clip), meshes=True):
                arrays = {name: getattr(line, name) for name in ("time_s", "numbers", "meshes", *MEASURED)}
                np.savez(keep / f"{clip.name}.{line.face}.npz", unsure_below=line.unsure_below, **arrays)
            (keep / f"{clip.name}.done").touch()
        for path in sorted(keep.glob(f"{clip.name}.*.npz")):
            with np.load(path) as arrays:
                loaded: dict[str, Any] = {name: arrays[name] for name in arrays.files}
            unsure = float(loaded.pop("unsure_below"))
            yield Timeline(int(path.stem.rpartition(".")[2]), clip.name, unsure_below=unsure, **loaded)


def smoothing(method: str, lines: list[Timeline]) -> Iterator[dict[str, Any]]:
    """Yield one row a method and mode."""
    chosen = Smoothing.parse(method)
    for live in (True, False) if chosen.method in AHEAD else (True,):
        calm = [applied(line, chosen, live) for line in lines]
        minutes = sum(float(line.seconds().sum()) for line in lines) / 60
        yield {
            "method": method,
            "mode": "live" if live else "hindsight",
            "label_changes_per_minute": round(sum(changes(line.labels) for line in calm) / minutes, 1),
            "best_changes_per_minute": round(
                sum(changes(line.probabilities.argmax(axis=1).tolist()) for line in calm) / minutes, 1
            ),
            "delay_ms": round(1000 * delay(lines, calm)),
            "step_delay_ms": round(1000 * step_delay(chosen, live)),
            "by_clip": {Path(line.source).name: changes(line.labels) for line in calm},
        }


def applied(line: Timeline, chosen: Smoothing, live: bool) -> Timeline:
    """Smooth a timeline as it would be live, or with hindsight."""
    if chosen.method == "none" or not live:
        return smoothed(line, chosen)
    calmer = open_calmer(chosen)
    rows = [
        calmer.update(time, row)
        for time, row in zip(line.time_s.tolist(), line.probabilities.astype(float), strict=True)
    ]
    return replace(line, probabilities=np.array(rows, np.float32))


def changes(labels: list[Any]) -> int:
    """Count how often a label differs from the one before."""
    return sum(a != b for a, b in pairwise(labels))


def delay(raw: list[Timeline], calm: list[Timeline]) -> float:
    """Return the shift, in seconds, at which the calm probabilities agree best with the raw ones."""
    agreement = np.zeros(len(LAGS_S))
    for before, after in zip(raw, calm, strict=True):
        time = before.time_s
        inside = (time >= time[0] + 0.5) & (time <= time[-1] - 1.5)
        a = before.probabilities[inside] - before.probabilities[inside].mean(axis=0)
        for index, lag in enumerate(LAGS_S):
            moved = np.column_stack([np.interp(time[inside] + lag, time, column) for column in after.probabilities.T])
            agreement[index] += (a * (moved - moved.mean(axis=0))).sum()
    return float(LAGS_S[agreement.argmax()])


def step_delay(chosen: Smoothing, live: bool) -> float:
    """Return how late the best expression changes on a step, at 25 frames/s."""
    time = np.arange(200) / 25
    rows = np.full((200, 8), 0.1 / 7)
    rows[time < 4, 0] = rows[time >= 4, 1] = 0.9
    empty = {name: np.zeros((200, *shape)) for name, shape in SHAPES.items()}
    line = Timeline(0, "step", time_s=time, probabilities=rows, **empty)
    best = applied(line, chosen, live).probabilities.argmax(axis=1)
    return float(time[np.argmax(best == FERPLUS.index("happiness"))] - 4)


SHAPES: dict[str, tuple[int, ...]] = {
    "boxes": (4,), "presence": (), "angles": (3,), "translations": (3,), "action_units": (23, 2),
    "eye_openness": (2,), "gaze": (2,),
}  # fmt: skip


def steady(name: str, lines: list[Timeline]) -> dict[str, Any]:
    """Return tremble and lag of mesh or head, raw and calm; meshes in per cent of the inter-ocular distance."""
    found: dict[str, list[float]] = {"tremble_raw": [], "tremble_calm": [], "lag_ms": []}
    for line in lines:
        raw, unit = values(line, name)
        euro = OneEuro(OPENING[name])
        rows = zip(line.time_s.tolist(), raw, unit.tolist(), strict=True)
        calm = np.array([euro.update(time, row, size) for time, row, size in rows])
        size = unit[:, None] / (100 if name == "meshes" else 1)
        pace = np.linalg.norm(np.gradient(calm, line.time_s, axis=0), axis=-1) / unit[:, None]
        quiet = np.argsort(pace.mean(axis=1)[1:-1])[: len(pace) // 4]
        for key, series in (("tremble_raw", raw), ("tremble_calm", calm)):
            second = np.linalg.norm(np.diff(series, 2, axis=0), axis=-1)[quiet] / size[1:-1][quiet]
            found[key].append(float(np.sqrt((second**2).mean() / 6 / raw.shape[-1])))
        fast = np.argsort(pace.mean(axis=1))[-len(pace) // 20 :]
        behind = np.linalg.norm(raw - calm, axis=-1)[fast] / unit[fast, None]
        found["lag_ms"].append(1000 * float(np.median(behind / np.maximum(pace[fast], 1e-9))))
    means = {key: round(float(np.mean(numbers)), 3 if key != "lag_ms" else 0) for key, numbers in found.items()}
    return means | {"unit": "per cent of the inter-ocular distance" if name == "meshes" else "degrees"}


UNSEEN = blank_portraits(1)[0]
"""The timelines kept here have no pictures; the neutral shape is all that is looked at."""


def baseline(line: Timeline) -> dict[str, Any]:
    """Return the mouth's width in the neutral shapes found, and when the live one settled."""
    assert line.meshes is not None
    shapes, eyes = shape_of(line.meshes).astype(float), openness(line.meshes).astype(float)
    finder, since = NeutralFinder(BaselineChoice.parse("auto"), line.face, line.source), None
    for row, time in enumerate(line.time_s.tolist()):
        if finder.wants(time):
            probabilities, angles = line.probabilities[row].astype(float), line.angles[row].astype(float)
            presence = float(line.presence[row])
            finder.see(Sample(time, shapes[row], 0.0, eyes[row], probabilities, angles, presence, UNSEEN))
        finder.look(time)
        since = finder.baseline.since_s if finder.baseline is not None else None
    found = {"hindsight": finder.estimate(0.0), "live": finder.baseline}
    labels = np.array(line.labels)
    widths = np.linalg.norm(shapes[:, 61] - shapes[:, 291], axis=1)
    told: dict[str, Any] = {"live_since_s": since}
    for name, one in found.items():
        told[name] = None if one is None else round(float(np.linalg.norm(one.shape[61] - one.shape[291])), 3)
    for name in ("neutral", "happiness"):
        told[f"{name}_frames"] = round(float(np.median(widths[labels == name])), 3) if name in labels else None
    return told


def values(line: Timeline, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the (n, k, d) values that are filtered, and the unit of each row."""
    if name == "angles":
        return line.angles.astype(float)[:, :, None], np.ones(len(line))
    assert line.meshes is not None
    meshes = line.meshes.astype(float)
    return meshes, np.linalg.norm(meshes[:, 33] - meshes[:, 263], axis=1)


def chart(lines: list[Timeline], target: Path) -> None:
    """Draw what the methods make of fifteen seconds of one clip."""
    from matplotlib.figure import Figure

    from mimika.stages.write.draw import COLOURS

    line = max(lines, key=lambda one: changes(one.labels) / float(one.seconds().sum()))
    shown = [("none", True), ("window:15", True), ("window:15", False), ("ema:0.3", True), ("viterbi", True),
             ("viterbi", False)]  # fmt: skip
    figure = Figure(figsize=(11, 1.25 * len(shown) + 0.7), dpi=110, layout="constrained")
    for axis, (method, live) in zip(figure.subplots(len(shown), 1, sharex=True), shown, strict=True):
        calm, low = applied(line, Smoothing.parse(method), live), np.zeros(len(line))
        for label, layer in zip(FERPLUS, calm.probabilities.T, strict=True):
            colour = "#{:02x}{:02x}{:02x}".format(*COLOURS[label])
            axis.fill_between(line.time_s, low, low + layer, color=colour, linewidth=0, label=label)
            low = low + layer
        mode = "" if Smoothing.parse(method).method in ("none", "ema") else ", live" if live else ", hindsight"
        per_minute = changes(calm.labels) / float(line.seconds().sum()) * 60
        name = "raw" if method == "none" else method
        axis.set_title(f"{name}{mode}: {per_minute:.0f} label changes a minute", loc="left", fontsize=9)
        axis.set(ylim=(0, 1), yticks=[0, 1], xlim=(line.time_s[0], line.time_s[-1]))
        axis.spines[["top", "right"]].set_visible(False)
    axis.set_xlabel("time, s")
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=9)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)


if __name__ == "__main__":
    main()
