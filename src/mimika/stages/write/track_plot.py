"""One face over time as a picture: expressions, episodes, action units, eyes and head."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Findings
from mimika.data.errors import MimikaError
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.timeline import Timeline
from mimika.stages.write.draw import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POSE = {"pitch": "#0f7b6c", "yaw": "#a83279", "roll": "#333a45"}
_UNITS_SHOWN = 10
_FAINT = 0.5
"""Units that never get so strong are not drawn."""
_WIDE, _TOP, _BOTTOM, _GAP = 12.0, 0.55, 0.6, 0.22
"""Inches of the whole picture, above and below the panels, and between two."""
_INK, _PALE = "#3a4250", "#b8bec8"


def track_plot(timeline: Timeline, findings: Findings) -> Figure:
    """Return a matplotlib figure of what a face did; panels of what was not measured are left out.

    Raises:
        MimikaError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MimikaError("the picture needs matplotlib: pip install 'mimika[report]'") from None
    units = _strongest(timeline)
    eyes = bool(np.isfinite(timeline.eye_openness).any())
    heights = [2.2, 0.9, *([0.22 * len(units) + 0.1] if units else []), *([0.8] if eyes else []), 1.2]
    inches = sum(heights) + _GAP * (len(heights) - 1) + _TOP + _BOTTOM
    figure = Figure(figsize=(_WIDE, inches), dpi=110)
    mean = sum(heights) / len(heights)
    grid = {"height_ratios": heights, "left": 0.09, "right": 0.88, "hspace": _GAP / mean}
    grid |= {"top": 1 - _TOP / inches, "bottom": _BOTTOM / inches}
    panels = list(figure.subplots(len(heights), 1, sharex=True, gridspec_kw=grid))
    _expressions(panels[0], timeline)
    _episodes(panels[1], findings)
    if units:
        _units(panels[2], timeline, units)
    if eyes:
        _eyes(panels[-2], timeline, findings)
    _pose(panels[-1], timeline)
    if len(timeline) > 1:
        panels[-1].set_xlim(timeline.time_s[0], timeline.time_s[-1])
    panels[-1].set_xlabel("time, s")
    figure.align_ylabels(panels)
    title = f"{PurePath(timeline.source).name}, face {timeline.face}"
    figure.text(0.012, 1 - 0.32 / inches, title, fontsize=13, fontweight="bold")
    return figure


def _gapped(timeline: Timeline, values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and values with NaN where the face was away, so that nothing is drawn there."""
    starts = [piece.start for piece in timeline.pieces()[1:]]
    times = np.insert(timeline.time_s, starts, timeline.time_s[starts])
    return times, np.insert(values.astype(np.float64), starts, np.nan, axis=0)


def _expressions(axis: Axes, timeline: Timeline) -> None:
    times, rows = _gapped(timeline, timeline.probabilities)
    seen, low = np.isfinite(rows[:, 0]), np.zeros(len(rows))
    for label, layer in zip(FERPLUS, np.nan_to_num(rows).T, strict=True):
        axis.fill_between(times, low, low + layer, where=list(seen), color=_hex(label), linewidth=0, label=label)
        low = low + layer
    axis.set(ylim=(0, 1), ylabel="probability")
    _tidy(axis)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=9, reverse=True)


def _episodes(axis: Axes, findings: Findings) -> None:
    """Draw bars from onset to offset with a dot at the apex, micro-expressions above, mixed states below."""
    brief = [episode for episode in findings.episodes if episode.kind == "micro"]
    for episode in brief:
        axis.plot([episode.apex_s], [3], "D", color=_hex(episode.label), markeredgecolor=_INK, markersize=6)
    for episode in findings.episodes:
        if episode.kind == "expression":
            axis.plot([episode.onset_s, episode.offset_s], [2, 2], color=_hex(episode.label), linewidth=9,
                      solid_capstyle="butt")  # fmt: skip
            axis.plot([episode.apex_s], [2], "o", color="white", markeredgecolor=_INK, markersize=4)
    for mixture in findings.mixtures:
        for height, (label, _) in zip((1.15, 0.85, 1.0), mixture.shares, strict=False):
            axis.plot([mixture.onset_s, mixture.offset_s], [height, height], color=_hex(label), linewidth=4,
                      solid_capstyle="butt")  # fmt: skip
    for change in findings.transitions:
        axis.plot([change.when_s], [0], "|", color=_hex(change.target), markersize=11, markeredgewidth=2.5)
    rows = ["transitions", "mixed", "episodes", *(["micro"] if brief else [])]
    axis.set_yticks(range(len(rows)), rows)
    axis.set_ylim(-0.6, len(rows) - 0.3)
    _tidy(axis)


def _strongest(timeline: Timeline) -> list[int]:
    """Return the columns of the units that moved most, strongest first."""
    stronger = np.nan_to_num(timeline.action_units.max(axis=2))
    if not len(stronger):
        return []
    peaks = np.quantile(stronger, 0.99, axis=0)
    order = [int(column) for column in np.argsort(-peaks, kind="stable") if peaks[column] >= _FAINT]
    return sorted(order[:_UNITS_SHOWN])


def _units(axis: Axes, timeline: Timeline, units: list[int]) -> None:
    times, values = _gapped(timeline, timeline.action_units.max(axis=2)[:, units])
    edges = np.append(times, times[-1] + timeline.step_s)
    shades = axis.pcolormesh(edges, np.arange(len(units) + 1), values.T, cmap="Greens", vmin=0, vmax=5, rasterized=True)
    axis.set_yticks(np.arange(len(units)) + 0.5, [ACTION_UNITS[unit] for unit in units], fontsize=8)
    axis.invert_yaxis()
    axis.set_ylabel("action units")
    bar = axis.figure.colorbar(shades, cax=axis.inset_axes((1.012, 0, 0.012, 1)))
    bar.outline.set_visible(False)
    _tidy(axis)


def _eyes(axis: Axes, timeline: Timeline, findings: Findings) -> None:
    times, rows = _gapped(timeline, timeline.eye_openness)
    axis.plot(times, rows.mean(axis=1), color=_INK, linewidth=1)
    blinks = [episode.apex_s for episode in findings.episodes if episode.label == "blink"]
    axis.plot(blinks, np.zeros(len(blinks)), "^", color="#a83279", markersize=5, clip_on=False, label="blink")
    axis.set_ylim(0, max(1.3, float(np.nanquantile(rows, 0.99))))
    axis.set_ylabel("eyes open")
    _tidy(axis)
    if blinks:
        axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=9)


def _pose(axis: Axes, timeline: Timeline) -> None:
    times, rows = _gapped(timeline, timeline.angles)
    for (name, color), values in zip(_POSE.items(), rows.T, strict=True):
        axis.plot(times, values, color=color, linewidth=1.3, label=name)
    axis.axhline(0, color=_PALE, linewidth=0.8, zorder=0)
    axis.set_ylabel("head, degrees")
    _tidy(axis)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=9)


def _tidy(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)


def _hex(label: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*COLOURS[label])
