"""A table as a picture: what each face showed over time, and how its head was held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mimika.data.errors import MimikaError, OutputError
from mimika.data.labels import FERPLUS
from mimika.stages.write.draw import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POSE_COLORS = {"pitch": "#0f7b6c", "yaw": "#a83279", "roll": "#333a45"}
FACES_MAX = 4
BRIEF = 0.03
"""Faces seen for less than this part of the longest are not drawn."""

Span = tuple[float, float, str]
"""Start and end in seconds, and a word to write there."""


def timeline_plot(table: pa.Table, target: Path, spans: Sequence[Span] = (), title: str = "") -> None:
    """Draw a PNG or SVG of the expression probabilities and the head pose of up to four faces over time.

    `table` has the columns of `stages.write.columns`, one source; the faces seen longest are drawn, and none that was
    there for a moment only. `spans` are marked above the first face, for example what a person annotated.

    Raises:
        MimikaError: if matplotlib is not installed.
        OutputError: if the picture cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MimikaError("the timeline picture needs matplotlib: pip install 'mimika[report]'") from None
    faces = _faces(table)
    figure = Figure(figsize=(12, 0.9 + 3.9 * max(len(faces), 1)), dpi=110, layout="constrained")
    heights = [2.3, 1.2] * max(len(faces), 1)
    axes = figure.subplots(len(heights), 1, sharex=True, gridspec_kw={"height_ratios": heights})
    for row, (face, series) in enumerate(faces.items()):
        _draw_expressions(axes[2 * row], series, f"face {face}")
        _draw_pose(axes[2 * row + 1], series)
    _mark(axes[0], spans)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    times = table["time_s"].to_numpy()
    if len(times) > 1:
        axes[-1].set_xlim(times.min(), times.max())
    axes[-1].set_xlabel("time, s")
    try:
        figure.savefig(target)
    except OSError as error:
        raise OutputError(str(target), error.strerror or "cannot be written") from error


def _faces(table: pa.Table) -> dict[int, dict[str, NDArray[np.float64]]]:
    """Return the numeric columns of each face, gaps filled with NaN, the face seen longest first."""
    names = ("time_s", *POSE_COLORS, *(f"p_{name}" for name in FERPLUS))
    columns = {name: table[name].to_numpy(zero_copy_only=False).astype(float) for name in (*names, "face_id")}
    ids, counts = np.unique(columns["face_id"][np.isfinite(columns["face_id"])], return_counts=True)
    long = counts >= BRIEF * counts.max(initial=0)
    chosen = sorted(ids[long][np.argsort(-counts[long], kind="stable")][:FACES_MAX])
    step = _step(columns["time_s"])
    return {int(i): _with_gaps({name: columns[name][columns["face_id"] == i] for name in names}, step) for i in chosen}


def _step(times: NDArray[np.float64]) -> float:
    """Return the usual distance of two frames in seconds."""
    steps = np.diff(np.unique(times))
    return float(np.median(steps)) if len(steps) else 1.0


def _with_gaps(series: dict[str, NDArray[np.float64]], step: float) -> dict[str, NDArray[np.float64]]:
    """Insert NaN where the face was away, so that nothing is drawn there."""
    after = np.flatnonzero(np.diff(series["time_s"]) > 1.5 * step) + 1
    filled = {name: np.insert(values, after, np.nan) for name, values in series.items()}
    filled["time_s"] = np.insert(series["time_s"], after, series["time_s"][after - 1] + step / 2)
    return filled


def _draw_expressions(axis: Axes, series: dict[str, NDArray[np.float64]], name: str) -> None:
    layers = np.array([series[f"p_{label}"] for label in FERPLUS])
    seen = np.isfinite(layers[0])
    low = np.zeros(layers.shape[1])
    for label, layer in zip(FERPLUS, np.nan_to_num(layers), strict=True):
        axis.fill_between(
            series["time_s"], low, low + layer, where=seen, color=_hex(COLOURS[label]), linewidth=0, label=label
        )
        low = low + layer
    axis.set(ylim=(0, 1), ylabel=f"{name}\nprobability")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=9, reverse=True)


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _draw_pose(axis: Axes, series: dict[str, NDArray[np.float64]]) -> None:
    for name, color in POSE_COLORS.items():
        axis.plot(series["time_s"], series[name], color=color, linewidth=1.4, label=name)
    axis.axhline(0, color="#b8bec8", linewidth=0.8, zorder=0)
    axis.set_ylabel("head, degrees")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize=9)


def _mark(axis: Axes, spans: Sequence[Span]) -> None:
    """Write the spans above the axis, each over its own stretch of time."""
    for start, end, word in spans:
        axis.annotate(
            "", (start, 1.03), (end, 1.03), xycoords=("data", "axes fraction"),
            arrowprops={"arrowstyle": "-", "linewidth": 4, "color": "#3a4250", "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axis.text(
            (start + end) / 2, 1.055, word, transform=axis.get_xaxis_transform(), ha="center", va="bottom", fontsize=9
        )
