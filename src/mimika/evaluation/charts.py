"""The charts of a report, as SVG that takes its colours from the page: light and dark are one file.

matplotlib draws with stand-in colours; each is replaced by the name of a CSS variable of the page: `--ink`, `--muted`,
`--grid`, `--surface`, and `--s1` … `--s8` for the models. Needs the extra `report`.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError

SERIES = 8
"""So many colours; further models begin anew, with other marks."""
_INK, _MUTED, _GRID, _SURFACE = "#0000f0", "#0000f1", "#0000f2", "#0000f3"
_COLOURS = {_INK: "ink", _MUTED: "muted", _GRID: "grid", _SURFACE: "surface"} | {
    f"#00000{number}": f"s{number}" for number in range(1, SERIES + 1)
}
_MARKS = "osD^vPXp"
_WIDTH = 9.2


@dataclass(frozen=True, slots=True)
class Point:
    """A model in the chart of accuracy over time: milliseconds a picture, accuracy 0..1 and its interval."""

    name: str
    ms: float
    top1: float
    interval: tuple[float, float]


def require() -> None:
    """Make sure that charts can be drawn.

    Raises:
        OptionError: if matplotlib is missing.
    """
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise OptionError("a report needs the extra `report`: pip install 'mimika[report]'") from error


def accuracy_over_time(points: Sequence[Point], order: Sequence[str]) -> str:
    """Draw accuracy over the time for a picture; up and left is better. `order` gives each model its colour."""
    with _figure(4.2) as (axes, svg):
        for point in points:
            colour, mark = _look(order.index(point.name))
            low, high = (100 * value for value in point.interval)
            axes.plot([point.ms, point.ms], [low, high], color=colour, linewidth=1.6, alpha=0.55)
            axes.plot(
                point.ms, 100 * point.top1, mark, color=colour, markersize=9, markeredgecolor=_SURFACE,
                markeredgewidth=1.5,
            )  # fmt: skip
        times = [point.ms for point in points]
        axes.set_xscale("log")
        axes.set_xlim(min(times) / 1.6, max(times) * 3.2)
        lows, highs = [point.interval[0] for point in points], [point.interval[1] for point in points]
        room = max(0.2 * (max(highs) - min(lows)), 0.01)
        axes.set_ylim(100 * (min(lows) - room), 100 * (max(highs) + room))
        _plain_log(axes.xaxis, min(times) / 1.6, max(times) * 3.2)
        axes.set_xlabel("milliseconds a picture, one core (logarithmic)")
        axes.set_ylabel("accuracy, %")
        _direct_labels(axes, points, order)
    return svg["text"]


def accuracy_over_cost(
    curves: Mapping[str, Sequence[Mapping[str, float]]], only: Mapping[str, tuple[float, float]], order: Sequence[str]
) -> str:
    """Draw accuracy against cost as a threshold moves, with the line from the first point to each of `only`.

    `curves` by model, points with `cost_per_1000_usd` and `top1`; `only` models asked about every picture: cost for a
    thousand and accuracy. The line is what sending pictures by lot would give.
    """
    with _figure(4.0) as (axes, svg):
        ends = []
        for name, curve in curves.items():
            colour, mark = _look(order.index(name))
            costs = [point["cost_per_1000_usd"] for point in curve]
            right = [100 * point["top1"] for point in curve]
            for cost, top1 in only.values():
                axes.plot([costs[0], cost], [right[0], 100 * top1], color=_MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
            axes.plot(costs, right, color=colour, linewidth=2, marker=mark, markersize=4)
            ends.append(Point(name, costs[-1], right[-1] / 100, (0, 0)))
        for name, (cost, top1) in only.items():
            colour, mark = _look(order.index(name))
            axes.plot(cost, 100 * top1, mark, color=colour, markersize=9, markeredgecolor=_SURFACE, markeredgewidth=1.5)
            ends.append(Point(name, cost, top1, (0, 0)))
        axes.set_xlim(left=0, right=1.3 * max([*(end.ms for end in ends), 1e-6]))
        axes.margins(y=0.15)
        axes.set_xlabel("cost for 1,000 pictures, US dollars")
        axes.set_ylabel("accuracy, %")
        _direct_labels(axes, ends, order)
    return svg["text"]


def coverage(curves: Mapping[str, Sequence[Mapping[str, float]]], order: Sequence[str]) -> str:
    """Draw the accuracy on the most confident share of the pictures."""
    with _figure(4.0) as (axes, svg):
        ends = []
        for name, curve in curves.items():
            colour, mark = _look(order.index(name))
            share = [100 * point["coverage"] for point in curve]
            right = [100 * point["top1"] for point in curve]
            axes.plot(share, right, color=colour, linewidth=2, marker=mark, markersize=4, markevery=2)
            ends.append(Point(name, share[-1], right[-1] / 100, (0, 0)))
        axes.set_xlim(8, 100)
        axes.set_xlabel("share of the pictures that are answered, the most confident first, %")
        axes.set_ylabel("accuracy on them, %")
        axes.spines["right"].set_visible(False)
        _direct_labels(axes, ends, order)
    return svg["text"]


def conditions(
    titles: Mapping[str, str], clean: Mapping[str, float], values: Mapping[str, Mapping[str, float]],
    order: Sequence[str],
) -> str:  # fmt: skip
    """Draw the accuracy under each condition, a mark a model; a thin line marks the spread between them."""
    keys = [key for key in titles if any(key in one for one in values.values())]
    rows = ["clean", *keys]
    with _figure(0.9 + 0.3 * len(rows)) as (axes, svg):
        for place, key in enumerate(rows):
            here = {n: clean[n] if key == "clean" else values[n].get(key) for n in values}
            known = [100 * value for value in here.values() if value is not None]
            axes.plot([min(known), max(known)], [place, place], color=_GRID, linewidth=5, solid_capstyle="round")
            for name, value in here.items():
                if value is not None:
                    colour, mark = _look(order.index(name))
                    axes.plot(
                        100 * value, place, mark, color=colour, markersize=7.5, markeredgecolor=_SURFACE,
                        label=name if place == 0 else None,
                    )  # fmt: skip
        axes.set_yticks(range(len(rows)), ["clean", *(titles[key] for key in keys)])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("accuracy, %")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=4, frameon=False, borderaxespad=0.2, handletextpad=0.2
        )
    return svg["text"]


@contextmanager
def _figure(height: float) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield the axes of a figure, and where the SVG is put at the end."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none", "font.size": 11, "axes.edgecolor": _MUTED, "axes.labelcolor": _MUTED,
        "text.color": _INK, "xtick.color": _MUTED, "ytick.color": _MUTED, "xtick.labelcolor": _INK,
        "ytick.labelcolor": _INK, "axes.grid": True, "grid.color": _GRID, "grid.linewidth": 0.8,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "axes.linewidth": 0.8,
    }  # fmt: skip
    out: dict[str, str] = {}
    with mpl.rc_context(style):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        yield figure.add_subplot(), out
        out["text"] = _to_svg(figure)


def _to_svg(figure: Any) -> str:
    """Return a figure as SVG to stand in a page: no header, no metadata, colours of the page.

    Charts share names of marks and clips only where those are the same: matplotlib names them by their content.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "mimika"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(
        r'<(g|path) id="(?:figure|axes|patch|text|line2d|[xy]tick|matplotlib|legend|PathC)[^"]*"', r"<\1", text
    )
    text = text.replace("xlink:href", "href")
    text = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", text)
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"|<svg', '<svg role="img"', text, count=1)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text)
    text = re.sub(r"font: (?:\d+ )?([\d.]+)px [^;\"]*", r"font: \1px var(--font)", text)
    for colour, name in _COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    return text


def _look(number: int) -> tuple[str, str]:
    """Return colour and mark of the n-th model."""
    return f"#00000{number % SERIES + 1}", _MARKS[(number + number // SERIES) % len(_MARKS)]


def _plain_log(axis: Any, low: float, high: float) -> None:
    """Write 0.5, 1, 2, 5, 10 under a logarithmic axis instead of powers."""
    ticks = [step * 10.0**power for power in range(-3, 5) for step in (1, 2, 5)]
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_ticks(shown, [f"{tick:g}" for tick in shown])
    axis.set_ticks([], minor=True)


def _direct_labels(axes: Any, points: Sequence[Point], order: Sequence[str]) -> None:
    """Write each name to the right of its point in its colour, moved up or down where two would touch."""
    from matplotlib.transforms import offset_copy

    bottom, top = axes.get_ylim()
    ordered = sorted(points, key=lambda point: (point.top1, -order.index(point.name)))
    heights = _apart(np.array([100 * point.top1 for point in ordered]), 0.052 * (top - bottom), bottom, top)
    beside = offset_copy(axes.transData, axes.figure, x=11, units="points")
    for point, height in zip(ordered, heights, strict=True):
        colour = _look(order.index(point.name))[0]
        axes.text(point.ms, height, point.name, transform=beside, va="center", fontsize=10.5, color=colour)


def _apart(heights: NDArray[np.float64], least: float, bottom: float, top: float) -> NDArray[np.float64]:
    """Move (n,) rising heights until they are `least` apart, and between bottom and top while there is room."""
    moved = heights.copy()
    for _ in range(200):
        for place in np.flatnonzero(np.diff(moved) < least - 1e-9):
            push = (least - (moved[place + 1] - moved[place])) / 2
            moved[place] -= push
            moved[place + 1] += push
    if len(moved) and (len(moved) - 1) * least < top - bottom:
        steps = least * np.arange(len(moved))
        moved = np.maximum(moved, bottom + steps)
        moved = np.minimum(moved, top - steps[::-1])
    return moved
