"""The chart of a report: all that one face did on one axis of time, as SVG."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Episode, Findings
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.timeline import Timeline
from mimika.stages.write.units import UNIT_NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INKS = {
    "neutral": "#d3d9e0", "happiness": "#f0b429", "surprise": "#e0699f", "sadness": "#4c8fd6", "anger": "#d64545",
    "disgust": "#4fa06b", "fear": "#8a63c9", "contempt": "#b07d4b",
}  # fmt: skip
_POSE = {"pitch": "#0f7b6c", "yaw": "#a83279", "roll": "#56606c"}
_EYES = {"left": "#1f6fd1", "right": "#d9480f"}
_MUTED, _LINE = "#5b6470", "#dfe3e8"
_STEPS = 800
"""More points than this cannot be told apart on paper."""
_ACTIVE = 1.0
_LONG_S = 100.0
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
_UNIT_COLOUR, _MICRO_COLOUR, _STATE_COLOUR = "#3d6f8e", "#16191d", "#9aa4b0"


def timeline_svg(timeline: Timeline, findings: Findings, span: tuple[float, float]) -> str:
    """Return the chart of one face: probabilities, episodes, action units, head pose, eyes; `span` in seconds.

    What was not measured has no panel. Needs matplotlib.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    time_s, columns = binned(timeline, span)
    lanes = _lanes(findings.episodes)
    units = _active_units(columns["action_units"])
    panels: list[tuple[float, Any]] = [(1.5, lambda axes: _draw_shares(axes, time_s, columns["probabilities"]))]
    if lanes:
        panels.append((0.2 * len(lanes) + 0.12, lambda axes: _draw_lanes(axes, lanes)))
    if len(units):
        panels.append((0.17 * len(units) + 0.1, lambda axes: _draw_units(axes, time_s, columns["action_units"], units)))
    panels.append((0.95, lambda axes: _draw_lines(axes, time_s, columns["angles"], _POSE, "head, degrees")))
    if np.isfinite(columns["eye_openness"]).any():
        panels.append((0.7, lambda axes: _draw_lines(axes, time_s, columns["eye_openness"], _EYES, "eyes open")))
    heights = [height for height, _ in panels]
    with rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": f"face{timeline.face}",
            "font.size": 9.5,
            "font.sans-serif": ["DejaVu Sans"],
        }
    ):
        figure = Figure(figsize=(9.2, sum(heights) + 0.22 * len(heights) + 0.5), layout="constrained")
        axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (_, draw) in zip(axes, panels, strict=True):
            _plain(axis)
            draw(axis)
        axes[0].set_xlim(span[0], max(span[1], span[0] + 1e-3))
        _time_axis(axes[-1], span)
        target = io.StringIO()
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = target.getvalue()[target.getvalue().index("<svg") :]
    return re.sub(r"'DejaVu Sans'[^;\"]*", _FONT, svg)


def binned(timeline: Timeline, span: tuple[float, float]) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return times and means of at most 800 equal steps of time, NaN where the face was away.

    Columns: `probabilities` (m, 8), `angles` (m, 3), `eye_openness` (m, 2), and `action_units` (m, 23), the stronger
    side.
    """
    length = max(span[1] - span[0], 1e-3)
    steps = int(np.clip(length / max(timeline.step_s, 1e-3), 1, _STEPS))
    edges = np.linspace(span[0], span[0] + length, steps + 1)
    rows = np.clip(np.searchsorted(edges, timeline.time_s, "right") - 1, 0, steps - 1)
    table = {
        "probabilities": timeline.probabilities,
        "angles": timeline.angles,
        "eye_openness": timeline.eye_openness,
        "action_units": timeline.action_units.max(axis=2),
    }
    middles = (edges[:-1] + edges[1:]) / 2
    between = _between_frames(timeline, middles, rows)
    columns = {}
    for name, values in table.items():
        columns[name] = _means(np.asarray(values, np.float64), rows, steps)
        columns[name][list(between)] = values[list(between.values())]
    return middles, columns


def _between_frames(timeline: Timeline, middles: NDArray[np.float64], rows: NDArray[np.int64]) -> dict[int, int]:
    """Return the steps of time that fall between two frames while the face was there, with the row before each."""
    empty = np.setdiff1d(np.arange(len(middles)), rows)
    before = np.searchsorted(timeline.time_s, middles[empty], "right") - 1
    piece = np.repeat(np.arange(len(timeline.pieces())), [part.stop - part.start for part in timeline.pieces()])
    inside = (before >= 0) & (before < len(timeline) - 1)
    empty, before = empty[inside], before[inside]
    same = piece[before] == piece[before + 1]
    return dict(zip(empty[same].tolist(), before[same].tolist(), strict=True))


def _means(values: NDArray[np.float64], rows: NDArray[np.int64], steps: int) -> NDArray[np.float64]:
    known = np.isfinite(values)
    total, count = np.zeros((steps, values.shape[1])), np.zeros((steps, values.shape[1]))
    np.add.at(total, rows, np.where(known, values, 0))
    np.add.at(count, rows, known)
    means = np.full_like(total, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


def _plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(_LINE)
    axis.tick_params(colors=_MUTED, length=0, labelsize=8.5)
    axis.patch.set_alpha(0)


def _time_axis(axis: Axes, span: tuple[float, float]) -> None:
    """Label the time in seconds, or in minutes and seconds where it is long."""
    if span[1] - span[0] <= _LONG_S:
        axis.set_xlabel("time, s", color=_MUTED)
        return
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 1.5, 3, 6, 10]))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda time_s, _: f"{int(time_s // 60)}:{round(time_s % 60):02d}"))
    axis.set_xlabel("time, minutes:seconds", color=_MUTED)


def _draw_shares(axis: Axes, time_s: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    low, seen = np.zeros(len(time_s)), np.isfinite(shares[:, 0])
    for column, label in enumerate(FERPLUS):
        high = low + np.nan_to_num(shares[:, column])
        axis.fill_between(time_s, low, high, where=seen, color=INKS[label], linewidth=0, step="mid")
        low = high
    axis.set(ylim=(0, 1), yticks=(0, 0.5, 1))
    axis.set_ylabel("probability", color=_MUTED)


def _lanes(episodes: list[Episode]) -> list[tuple[str, str, list[Episode]]]:
    """Return name, colour and episodes of each lane: expressions, micro-expressions, states."""
    lanes = [
        (label, INKS[label], [item for item in episodes if (item.kind, item.label) == ("expression", label)])
        for label in FERPLUS[1:]
    ]
    lanes.append(("micro-expression", _MICRO_COLOUR, [item for item in episodes if item.kind == "micro"]))
    for label in dict.fromkeys(item.label for item in episodes if item.kind == "state"):
        own = [item for item in episodes if (item.kind, item.label) == ("state", label)]
        lanes.append((label.replace("_", " "), _STATE_COLOUR, own))
    return [lane for lane in lanes if lane[2]]


def _draw_lanes(axis: Axes, lanes: list[tuple[str, str, list[Episode]]]) -> None:
    for row, (_, colour, episodes) in enumerate(lanes):
        spans = [(item.onset_s, max(item.duration_s, 1e-3)) for item in episodes]
        axis.broken_barh(spans, (row - 0.36, 0.72), facecolor=colour, edgecolor=colour, linewidth=0.8)
    axis.set(ylim=(len(lanes) - 0.5, -0.5), yticks=range(len(lanes)), yticklabels=[name for name, *_ in lanes])
    axis.spines["left"].set_visible(False)


def _active_units(units: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the columns of the units that reached grade A."""
    return np.flatnonzero(np.nan_to_num(units).max(axis=0, initial=0) >= _ACTIVE)


def _draw_units(axis: Axes, time_s: NDArray[np.float64], units: NDArray[np.float64], columns: NDArray[np.intp]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    half = (time_s[1] - time_s[0]) / 2 if len(time_s) > 1 else 0.5
    paper = LinearSegmentedColormap.from_list("paper", ["#f4f6f8", "#9cc3dd", _UNIT_COLOUR, "#12354b"])
    axis.imshow(
        units[:, columns].T,
        aspect="auto",
        interpolation="nearest",
        cmap=paper,
        vmin=0,
        vmax=5,
        extent=(time_s[0] - half, time_s[-1] + half, len(columns) - 0.5, -0.5),
    )
    names = [f"{UNIT_NAMES[ACTION_UNITS[column]].lower()}  {ACTION_UNITS[column]}" for column in columns]
    axis.set(yticks=range(len(columns)), yticklabels=names)
    axis.spines[["left", "bottom"]].set_visible(False)


def _draw_lines(
    axis: Axes, time_s: NDArray[np.float64], values: NDArray[np.float64], colours: dict[str, str], name: str
) -> None:
    axis.axhline(0, color=_LINE, linewidth=0.8, zorder=0)
    for column, (label, colour) in enumerate(colours.items()):
        axis.plot(time_s, values[:, column], color=colour, linewidth=1.2, label=label)
    axis.set_ylabel(name, color=_MUTED)
    axis.legend(
        loc="lower right",
        bbox_to_anchor=(1, 0.97),
        ncols=len(colours),
        frameon=False,
        fontsize=8.5,
        borderaxespad=0,
        handlelength=1.2,
        labelcolor=_MUTED,
    )
