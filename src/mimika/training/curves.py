"""Charts of a training, drawn anew after each epoch."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

Series = dict[str, list[tuple[int, float]]]
"""Name of a score to its (epoch, value) in order."""


def read_metrics(log: Path) -> Series:
    """Read every `version_N/metrics.csv` below `log`; of an epoch that was trained twice the later start counts."""
    values: dict[str, dict[int, float]] = {}
    for file in sorted(log.glob("version_*/metrics.csv"), key=lambda file: int(file.parent.name.split("_")[1])):
        with file.open(newline="", encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                for name, value in row.items():
                    if value and row.get("epoch") and name not in ("epoch", "step"):
                        values.setdefault(name, {})[int(row["epoch"]) + 1] = float(value)
    return {name: sorted(points.items()) for name, points in sorted(values.items())}


def draw_curves(log: Path, target: Path) -> bool:
    """Draw training and validation curves to `target` (.svg, .png); false if there is nothing to draw yet.

    Scores of the same name share a panel: train_loss and val_loss; the last value of each stands in its legend.
    """
    series = {name: points for name, points in read_metrics(log).items() if not name.startswith("lr-")}
    panels = list(dict.fromkeys(name.partition("_")[2] for name in series))
    if not panels:
        return False
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(4.6 * min(3, len(panels)), 3.3 * -(-len(panels) // 3)), layout="constrained")
    for place, panel in enumerate(panels):
        axes = figure.add_subplot(-(-len(panels) // 3), min(3, len(panels)), place + 1)
        for part, colour in (("train", "#888888"), ("val", "#0b6e99")):
            points = series.get(f"{part}_{panel}", [])
            if points:
                label = f"{'training' if part == 'train' else 'validation'} {points[-1][1]:.3f}"
                axes.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=2.5, label=label)
        axes.set_title(panel.replace("_", " "), fontsize=10, loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.25)
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(target)
    return True


class Curves(Callback):
    """Draws `curves.svg` and `curves.png` in `out` after each epoch; without matplotlib it says so once.

    Epochs that follow each other within `pause` seconds are drawn together, so that drawing costs no time to speak of.
    """

    def __init__(self, out: Path, pause: float = 20.0) -> None:
        self.out, self.pause = out, pause
        self.able = True
        self.drawn = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Draw what is in the log; the training loss of this epoch is written after it, see `on_train_end`."""
        if time.monotonic() - self.drawn > self.pause:
            self._draw(trainer)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Draw the whole training."""
        self._draw(trainer)

    def _draw(self, trainer: Any) -> None:
        if not self.able:
            return
        trainer.logger.save()
        try:
            for ending in ("svg", "png"):
                draw_curves(self.out / "log", self.out / f"curves.{ending}")
        except ModuleNotFoundError as error:
            self.able = False
            print(f"no charts: {error.name} is missing (pip install 'mimika[report]')", file=sys.stderr)
        self.drawn = time.monotonic()
