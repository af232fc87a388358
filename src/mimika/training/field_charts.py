"""The charts of docs/field.md: convolution against transformer. Needs the extra `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COLOURS = {"convolution": "#0b6e99", "transformer": "#c2410c", "both": "#7c3aed", "other": "#555555"}
INK, GRID = "#333333", "#dddddd"
_LINE, _LETTER = 11.0, 5.0
"""Points from line to line, and about as wide as a letter."""


def draw_field(table: dict[str, Any], folder: Path) -> list[Path]:
    """Draw `field-accuracy.svg`, `field-learning.svg` and `field-cost.svg` of a table of `training/field.py`."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = [row for row in table["rows"] if row["trained"]]
    files = [folder / f"field-{name}.svg" for name in ("accuracy", "learning", "cost")]
    _accuracy(trained, files[0])
    _learning(trained, files[1])
    _cost(table["rows"], files[2])
    return files


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
        axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _legend(axes: Any, rows: list[dict[str, Any]], place: str) -> None:
    from matplotlib.lines import Line2D

    kinds = [kind for kind in COLOURS if any(row["kind"] == kind for row in rows)]
    marks = [Line2D([], [], marker="o", linestyle="", color=COLOURS[kind], label=kind) for kind in kinds]
    axes.legend(handles=marks, loc=place, frameon=False, fontsize=9)


def _save(figure: Any, file: Path) -> None:
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "mimika"}):
        figure.savefig(file, metadata={"Date": None})
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(line.rstrip() for line in lines) + "\n", "utf-8")


def _name(axes: Any, names: list[tuple[tuple[float, float], str, str]]) -> None:
    """Write a text beside each point, higher where it would run into one below; scales and margins are set before."""
    axes.figure.draw_without_rendering()  # only then it is known where points are
    written: list[tuple[float, float, float]] = []
    for place, text, colour in sorted(names, key=lambda name: name[0][1]):
        x, y = (float(value) * 72 / axes.figure.dpi for value in axes.transData.transform(place))
        height, width = y, _LETTER * len(text)
        for left, level, right in sorted(written, key=lambda other: other[1]):
            if left < x + width and x < right and abs(level - height) < _LINE:
                height = level + _LINE
        written.append((x, height, x + width))
        axes.annotate(text, place, (8, height - y), textcoords="offset points", va="center", fontsize=8.5, color=colour)


def _accuracy(rows: list[dict[str, Any]], file: Path) -> None:
    """Accuracy with its interval, one row a network, beside how long each learnt."""
    figure, axes = _axes(8.0, 0.9 + 0.42 * max(1, len(rows)))
    for place, row in enumerate(reversed(rows)):
        low, high = (100 * end for end in row["top1_ci95"])
        colour = COLOURS[row["kind"]]
        axes.plot([low, high], [place, place], color=colour, linewidth=2.5, alpha=0.45, solid_capstyle="round")
        axes.plot([100 * row["top1"]], [place], "o", color=colour, markersize=7)
        cost = row["training"]
        told = f"{cost.get('epochs', 0):.1f} epochs, {cost.get('core_s', 0) / 60:.0f} core-min"
        axes.annotate(told, (high, place), (6, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(rows)), [row["name"] for row in reversed(rows)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.margins(x=0.22)
    axes.set_xlabel("FER-2013 test accuracy, %, with 95 % interval")
    _legend(axes, rows, "upper left")
    _save(figure, file)


def _learning(rows: list[dict[str, Any]], file: Path) -> None:
    """Validation accuracy by the computing spent until then; epochs of one training cost alike."""
    figure, axes = _axes(8.0, 4.4)
    names: list[tuple[tuple[float, float], str, str]] = []
    for row in rows:
        if not row["curve"] or not row["training"].get("core_s"):
            continue
        pace = row["training"]["core_s"] / max(row["training"]["epochs"], 1e-6) / 60
        # The last look at the validation faces follows the step at which the clock stopped, not a whole epoch.
        minutes = [min(epoch, row["training"]["epochs"]) * pace for epoch, _ in row["curve"]]
        scores = [100 * value for _, value in row["curve"]]
        colour = COLOURS[row["kind"]]
        axes.plot(minutes, scores, color=colour, marker="o", markersize=3, linewidth=1.4)
        names.append(((minutes[-1], scores[-1]), row["name"], colour))
    axes.set_xlabel("computing spent, minutes of one core")
    axes.set_ylabel("validation accuracy, %")
    axes.margins(x=0.18)
    _name(axes, names)
    _legend(axes, rows, "lower right")
    _save(figure, file)


def _cost(rows: list[dict[str, Any]], file: Path) -> None:
    """What an epoch of training costs over what an answer costs, for every network, trained here or not."""
    figure, axes = _axes(8.0, 4.6)
    names: list[tuple[tuple[float, float], str, str]] = []
    for row in rows:
        place = (row["core_ms"], row["epoch_core_s"] / 60)
        colour = COLOURS[row["kind"]]
        axes.plot(*place, "o", color=colour, markersize=8, markerfacecolor=colour if row["trained"] else "white")
        names.append((place, f"{row['name']}, {row['parameters'] / 1e6:.3g} M", INK))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.25, y=0.12)
    _name(axes, names)
    axes.set_xlabel("milliseconds an image on one core (ONNX Runtime); hollow: not trained here")
    axes.set_ylabel("minutes of one core for an epoch")
    _legend(axes, rows, "upper left")
    _save(figure, file)
